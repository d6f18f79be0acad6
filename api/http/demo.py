"""The demonstration's mail server, readable: what the desk has sent, at `/demo/mail`. Only where it runs."""

from __future__ import annotations

import html
import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.http.context import CaughtMail, context_of
from api.http.reading import json_response
from domain.errors import NotFound

router = APIRouter(tags=["demonstration"])
_LINK = re.compile(r"https?://[^\s<>\"]+")


@router.get("/demo/mail", response_class=Response, operation_id="list_demo_mail")
async def list_mail(request: Request) -> Response:
    """Mails, latest first; a page for a browser, JSON for others."""
    mails = sorted(_caught(request), key=lambda mail: -mail.id)
    if "text/html" in request.headers.get("accept", ""):
        rows = "".join(
            f'<li><a href="/demo/mail/{mail.id}">{html.escape(mail.subject)}</a> to '
            f"{html.escape(', '.join(mail.recipients))}</li>"
            for mail in mails
        )
        return HTMLResponse(f"<!doctype html><title>Mail</title><h1>Mail</h1><ol>{rows or 'none yet'}</ol>")
    return json_response({"items": [_document(mail) for mail in mails]})


@router.get("/demo/mail/{number}", response_class=Response, operation_id="read_demo_mail")
async def read_mail(request: Request, number: int) -> Response:
    """One mail: as HTML for a browser, else as JSON."""
    mail = next((mail for mail in _caught(request) if mail.id == number), None)
    if mail is None:
        raise NotFound(f"there is no mail {number}")
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(
            mail.html, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        )
    return json_response(_document(mail))


def _caught(request: Request) -> list[CaughtMail]:
    caught = context_of(request).caught
    if caught is None:
        raise NotFound("there is no demonstration's mail server here")
    return list(caught())


def _document(mail: CaughtMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at,
        "from": mail.envelope_from,
        "to": mail.recipients,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "text": mail.text,
        "html": mail.html,
        "links": _LINK.findall(mail.text),
        "raw": mail.raw.decode("utf-8", "replace"),
    }
