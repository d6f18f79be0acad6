"""The pages behind links in mails: a case as its customer sees it, with forms. No script."""

from __future__ import annotations

import html
import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

_STATUS = {
    "logged": "received",
    "triaged": "received",
    "prioritized": "being looked at",
    "in_diagnosis": "being looked at",
    "assigned": "with the team that works on it",
    "resolved": "resolved",
    "closed": "closed",
}


def wants_page(request: Request) -> bool:
    """Whether the caller is a person with a browser."""
    return "text/html" in request.headers.get("accept", "")


def page(document: dict[str, Any], path: str, time_zone: str) -> HTMLResponse:
    """A case as a page; ``path`` is where it is."""
    zone = ZoneInfo(time_zone)
    solution, until = document["solution"], document["dispute_until"]
    parts = [
        f"<p><b>{html.escape(document['subject'] or '')}</b><br>{_STATUS[document['status']]}</p>",
        f"<p>Received {_moment(document['received_at'], zone)}</p>",
        f"<p>What was done: {html.escape(solution)}</p>" if solution else "",
        f"<p>You can dispute this until {_moment(until, zone)}. Later, a new case is opened.</p>" if until else "",
        _history(document["history"], zone),
        _files(document["attachments"], path),
        _answer(document["question"], path),
    ]
    if "dispute" in document["can"]:
        parts.append(_form(path, "dispute", "reason", "What is not right?", "Dispute the resolution"))
    if "accept" in document["can"]:
        parts.append(
            f'<form method="post" action="{html.escape(path)}/accept">{_once()}<p><button>All is well: close it</button></p></form>'
        )
    return sheet(document["number"], "".join(parts))


def thanks(told: str, path: str) -> HTMLResponse:
    """What became of a form, with a link back to the case."""
    return sheet("Thank you", f'<p>{html.escape(told)}</p><p><a href="{html.escape(path)}">Back to your case</a></p>')


def _history(items: list[dict[str, Any]], zone: ZoneInfo) -> str:
    lines = (
        f"<li>{_moment(item['at'], zone)}: {html.escape(item['what'])}, by {html.escape(item['by'])}"
        + (f"<br>{html.escape(item['text'])}" if item["text"] else "")
        + "</li>"
        for item in items
    )
    return f"<h2>What happened</h2><ul>{''.join(lines)}</ul>"


def _files(items: list[dict[str, Any]], path: str) -> str:
    lines = (
        f'<li><a href="{html.escape(path)}/attachments/{item["digest"]}">{html.escape(item["name"])}</a></li>'
        for item in items
        if not item["erased"]
    )
    found = "".join(lines)
    return f"<h2>Files</h2><ul>{found}</ul><p>To add a file, attach it to an answer to our mail.</p>"


def _answer(question: str | None, path: str) -> str:
    """The form for a note; for the answer, where the desk has asked a question."""
    if question is None:
        return _form(path, "notes", "text", "Is there something to add?", "Add it")
    asked = "<br>".join(html.escape(line) for line in question.splitlines())
    return f"<h2>We ask you</h2><p>{asked}</p>" + _form(path, "notes", "text", "Your answer", "Answer")


def _form(path: str, act: str, name: str, question: str, button: str) -> str:
    return (
        f'<form method="post" action="{html.escape(path)}/{act}"><p><label for="{act}">{question}</label><br>'
        f'<textarea id="{act}" name="{name}" rows="6" cols="60" required></textarea>'
        f"{_once()}</p><p><button>{button}</button></p></form>"
    )


def _once() -> str:
    return f'<input type="hidden" name="once" value="{secrets.token_hex(8)}">'


def _moment(moment: datetime | str, zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(zone):%A, %d %B %Y, %H:%M %Z}"


def sheet(title: str, body: str) -> HTMLResponse:
    """A page for whoever has a link; ``body`` is HTML."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        "<style>body{font:16px/1.5 system-ui;max-width:42rem;margin:3rem auto;padding:0 1rem}</style>"
        f"<h1>{html.escape(title)}</h1>{body}"
    )
