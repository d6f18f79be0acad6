"""The demonstration's mail server, readable: what the desk has sent, at `/demo/mail`, and what a customer answers.

Only where it runs.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import make_msgid
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from api.http.bodies.self_service import ReplyForm
from api.http.context import CaughtMail, context_of
from api.http.documents.operations import CaughtMail as MailDocument
from api.http.documents.operations import CaughtMails, ReplyOutcome
from api.http.openapi.areas import Area
from api.http.openapi.operations import OPEN, PAGE, answers, gives, operation, refuses, takes_form
from api.http.pages.rendering import fragment, page, wants_page
from api.http.parameters import named_parameters
from api.http.problems import Problem
from api.http.requests import raw_body
from api.http.responses import json_response
from application.mail_in.envelope import Envelope
from application.processes.mail_receipt import taking
from domain.errors import NotFound

router = APIRouter(tags=[Area.DEMONSTRATION], dependencies=[Depends(named_parameters)])
_LONGEST = 10_000
_LINK = re.compile(r"https?://[^\s<>\"]+")


@router.get(
    "/demo/mail",
    response_class=Response,
    operation_id="list_demo_mail",
    openapi_extra=operation(
        OPEN, answers(CaughtMails, told="The mails."), gives(PAGE, told="The mails."), refuses("not-found")
    ),
)
async def list_mail(request: Request) -> Response:
    """List the mails that the desk has sent.

    The latest first; a page for browsers, JSON for others (`Accept`).
    """
    mails = sorted(_caught(request), key=lambda mail: -mail.id)
    if wants_page(request):
        return page("mails", mails=mails)
    return json_response({"items": [_document(mail) for mail in mails]})


@router.get(
    "/demo/mail/{number}",
    response_class=Response,
    operation_id="read_demo_mail",
    openapi_extra=operation(OPEN, answers(MailDocument, told="The mail."), gives(PAGE, told="The mail.")),
)
async def read_mail(request: Request, number: int) -> Response:
    """Read a mail that the desk has sent.

    As HTML for browsers, JSON for others (`Accept`).
    """
    mail = _mail(request, number)
    if wants_page(request):
        shown = mail.html.replace("</body>", fragment("mail_reply", number=mail.id) + "</body>")
        return HTMLResponse(
            shown,
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"},
        )
    return json_response(_document(mail))


@router.post(
    "/demo/mail/{number}/reply",
    response_class=Response,
    operation_id="reply_to_demo_mail",
    openapi_extra=operation(
        OPEN,
        takes_form(ReplyForm),
        answers(ReplyOutcome, told="What became of it."),
        gives(PAGE, told="What became of it."),
    ),
)
async def reply_to_mail(request: Request, raw: Annotated[bytes | None, Depends(raw_body)], number: int) -> Response:
    """Reply to a mail as its recipient.

    The reply goes the way of every mail that comes in.
    """
    mail, text = _mail(request, number), _text(raw)
    context, to = context_of(request), _reply_to(mail)
    answer = await taking(context.desk, "demo")(_reply(mail, to, text), Envelope(mail.recipients[0], (to,)))
    outcome, message = answer.split()
    if wants_page(request):
        return page("told", told=outcome, path=None)
    return json_response({"outcome": outcome, "message": message})


def _mail(request: Request, number: int) -> CaughtMail:
    mail = next((mail for mail in _caught(request) if mail.id == number), None)
    if mail is None:
        raise NotFound(f"There is no mail {number}.")
    return mail


def _text(raw: bytes | None) -> str:
    given = parse_qs((raw or b"").decode("utf-8", "replace")).get("text", [""])[0].replace("\0", "").strip()
    if not 1 <= len(given) <= _LONGEST:
        raise Problem("validation-failed", f"say something, in 1 to {_LONGEST} characters")
    return given


def _reply_to(mail: CaughtMail) -> str:
    head = message_from_bytes(mail.raw, policy=default)
    return str((head["Reply-To"] or head["From"]).addresses[0].addr_spec)


def _reply(mail: CaughtMail, to: str, text: str) -> bytes:
    """An answer as mail programs write it, with what it answers repeated below."""
    head, reply = message_from_bytes(mail.raw, policy=default), EmailMessage(policy=SMTP)
    reply["From"], reply["To"], reply["Subject"] = mail.recipients[0], to, f"Re: {mail.subject}"
    reply["Message-ID"], reply["In-Reply-To"] = make_msgid(domain="agency.example"), mail.message_id
    reply["References"] = f"{head['References']} {mail.message_id}"
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    reply.set_content(f"{text}\n\nOn {head['Date']}, Service desk wrote:\n{quoted}\n")
    return reply.as_bytes()


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
