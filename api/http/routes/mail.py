"""What machines hand in, and the quarantine where people see what could not be told apart (SOP 5.1-5.2).

Machine intake needs no Idempotency-Key: the same message is the same message (http.md, Idempotency).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.http.access import Caller, FreshStaff, Staff
from api.http.bodies.base import Body
from api.http.bodies.intake import DiscardBody, JoinBody, ReleaseBody
from api.http.context import Context, admit, context_of, note_read
from api.http.documents.intake import Decided, QuarantinePage, ReceivedMail, ReceivedMessage
from api.http.entrance.deadline import LONG, BodyComing, allow
from api.http.fields import Moment
from api.http.openapi.areas import Area
from api.http.openapi.headers import MAY_MATCH, WAIT_FOR_POSITION
from api.http.openapi.operations import answers, needs, operation, reads, refuses, takes, takes_bytes
from api.http.parameters import Cursor, Limit, refuse_unknown
from api.http.problems import Problem
from api.http.requests import LARGEST, asked, parse, raw_body, with_precondition
from api.http.responses import json_response, page_of, versioned
from application.audit.reads import What
from application.cases.history import history_item
from application.execution.principals import Principal
from application.execution.requests import Committed, StaleVersion
from application.execution.requests import Request as Asked
from application.mail_in.documents import receipt_document
from application.mail_in.envelope import LARGEST_MESSAGE, NO_ENVELOPE, Envelope
from application.mail_in.intake import MailOutcome, Received, outcome_of
from application.mail_in.quarantine import Quarantine
from application.views.questions import Page
from domain.case.status import STAFF
from domain.errors import NotFound
from domain.receipt import COMMANDS, Receipt, authorise_intake
from domain.values import Actor

Raw = Annotated[bytes | None, Depends(raw_body)]
B = TypeVar("B", bound=Body)
Arrived = Annotated[
    Moment | None,
    Query(description="When it reached the mailbox, if that was before now.", examples=["2026-11-23T14:00:00Z"]),
]
router = APIRouter(tags=[Area.QUARANTINE])

_KINDS = ("message/rfc822", "application/octet-stream")
_STATUS = {MailOutcome.OPENED: 201, MailOutcome.SUGGESTION: 202, MailOutcome.QUARANTINED: 202}
_TOLD = {
    200: "It joined a case; or it is kept, and nobody must look at it; or it came before.",
    201: "It opened a case.",
    202: "It waits in the quarantine for a person.",
}


def _deciding(body: type[BaseModel], command: str, told: str, status: int = 200) -> dict[str, Any]:
    """The OpenAPI of a decision on a message."""
    headers = ("ETag", "Position", "Idempotency-Replayed", "MaybeLocation")
    return operation(
        takes(body),
        reads(MAY_MATCH),
        answers(Decided, told=told, status=status, headers=headers),
        refuses("invalid-transition", *(["contradicts-record"] if command == "join_message" else [])),
        needs(COMMANDS[command].who),
    )


async def _gateway(request: Request, caller: Caller) -> Actor:
    """The mail server's own account. A dependency, so that it comes before any parameter is looked at."""
    return (await _may(request, caller, "receive_message"))[1]


@router.post(
    "/intake/email",
    response_class=Response,
    operation_id="receive_email",
    tags=[Area.INTAKE],
    openapi_extra=operation(
        takes_bytes(*_KINDS, required=False),
        *(
            answers(ReceivedMail, told=told, status=status, headers=("Position", "MaybeLocation"))
            for status, told in _TOLD.items()
        ),
        needs(COMMANDS["receive_message"].who),
    ),
)
async def receive_email(
    request: Request, gateway: Annotated[Actor, Depends(_gateway)], received_at: Arrived = None
) -> Response:
    """Receive a mail as it came (RFC 5322).

    It is stored before it is answered, whatever it is. The same mail again is the same mail (R-5.1c, R-5.1d, R-5.2b).
    `Return-Path`, `Delivered-To` and `To` stand in for its envelope. `received_at` counts for a dispute (R-5.9c).
    """
    _require_mail(request)
    wanted = replace(asked(request, gateway, None), idempotency=None)
    envelope, context = replace(NO_ENVELOPE, arrived_at=received_at), context_of(request)
    if 0 <= int(request.headers.get("content-length") or -1) <= LARGEST:
        with BodyComing(None):
            raw = await request.body()
        received = await _receive(context, raw, envelope, wanted)
    else:
        async with context.uploads.receive(request, LARGEST_MESSAGE) as upload, context.uploads.whole(upload) as raw:
            received = await _receive(context, raw, envelope, wanted)
    headers = {"Position": str(received.position)}
    if received.outcome in (MailOutcome.OPENED, MailOutcome.REPLY, MailOutcome.DISPUTE):
        headers["Location"] = f"/cases/{received.case}"
    return _told(received.outcome, received.case, received.receipt, _STATUS.get(received.outcome, 200), headers)


async def _receive(context: Context, raw: bytes, envelope: Envelope, wanted: Asked) -> Received:
    """Take it in; what fails however often it is handed in waits in the quarantine, unread."""
    allow(LONG)
    mail = context.desk.mail
    return await context.failures.guarded(
        raw, lambda: mail.receive(raw, envelope, wanted), lambda: mail.receive_unread(raw, envelope, wanted)
    )


@router.get("/queues/quarantine", response_class=Response, include_in_schema=False)
@router.get(
    "/quarantine",
    response_class=Response,
    operation_id="list_quarantine",
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION), answers(QuarantinePage, told="A page of messages.", headers=("Link",)), needs(STAFF)
    ),
)
async def list_quarantine(
    request: Request,
    actor: FreshStaff,
    limit: Limit = 50,
    cursor: Cursor = None,
    recorded: Annotated[
        bool, Query(description="Messages that a program seems to have written, instead.", examples=[False])
    ] = False,
) -> Response:
    """List the messages in the quarantine.

    Those that wait for a person to release, join or discard them, oldest first (R-5.1d). With `recorded`, those that a
    program seems to have written: nobody must look at them, and everybody may.
    """
    context, question = context_of(request), f"quarantine {recorded}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    listing = await context.ask(context.views.lists.quarantine(Page(after, limit), recorded=recorded))
    note_read(request, actor, What.LIST, "quarantine", position=listing.position)
    return page_of(request, context, question, listing)


@router.get(
    "/quarantine/{message}",
    response_class=Response,
    operation_id="read_message",
    openapi_extra=operation(answers(ReceivedMessage, told="The message.", headers=("ETag",)), needs(STAFF)),
)
async def read_message(request: Request, actor: Staff, message: str) -> Response:
    """Read a message, and what became of it.

    Any message, not only those in the quarantine. Read from the events, so never behind.
    """
    desk = context_of(request).desk
    receipt = await desk.quarantine.receipt(_id(message), actor)
    document = await receipt_document(receipt, desk.addresses)
    note_read(request, actor, What.MESSAGE, message)
    return versioned(request, receipt.version, lambda: document)


@router.post(
    "/quarantine/{message}/release",
    response_class=Response,
    status_code=201,
    operation_id="release_message",
    openapi_extra=_deciding(ReleaseBody, "release_message", "The message opened a case.", 201),
)
async def release_message(request: Request, caller: Caller, raw: Raw, message: str) -> Response:
    """Log a case from a message.

    The clock of its targets starts when the message came (R-5.2e).
    """
    decision = _Decision("release_message", ReleaseBody, lambda held, id_, _, wanted: held.release(id_, wanted), 201)
    return _decided(await _decide(request, caller, raw, message, decision), MailOutcome.OPENED, 201)


@router.post(
    "/quarantine/{message}/join",
    response_class=Response,
    operation_id="join_message",
    openapi_extra=_deciding(JoinBody, "join_message", "The message joined the case."),
)
async def join_message(request: Request, caller: Caller, raw: Raw, message: str) -> Response:
    """Add a message to a case.

    Its sender takes part in the case from then on. A dispute in it counts from when it came (R-5.9c).
    """
    decision = _Decision("join_message", JoinBody, lambda held, id_, body, wanted: held.join(id_, body.case, wanted))
    committed = await _decide(request, caller, raw, message, decision)
    return _decided(committed, outcome_of(_receipt_of(committed)), 200)


@router.post(
    "/quarantine/{message}/discard",
    response_class=Response,
    operation_id="discard_message",
    openapi_extra=_deciding(DiscardBody, "discard_message", "The message is discarded."),
)
async def discard_message(request: Request, caller: Caller, raw: Raw, message: str) -> Response:
    """Discard a message.

    It leaves the quarantine, and stays readable.
    """
    decision = _Decision(
        "discard_message", DiscardBody, lambda held, id_, body, wanted: held.discard(id_, body.reason, wanted)
    )
    return _decided(await _decide(request, caller, raw, message, decision), "discarded", 200)


async def _may(request: Request, caller: Principal, command: str) -> tuple[Context, Actor]:
    context = context_of(request)
    actor = await admit(request, caller, COMMANDS[command].who)
    authorise_intake(actor, command)
    if not request.url.path.startswith("/intake/"):
        refuse_unknown(request)
    return context, actor


def _require_mail(request: Request) -> None:
    """Raises Problem 413, 415."""
    if int(request.headers.get("content-length") or 0) > LARGEST_MESSAGE:
        raise Problem("content-too-large", f"a message may have {LARGEST_MESSAGE} bytes")
    kind = request.headers.get("content-type", _KINDS[1]).partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise Problem("unsupported-media-type", f"{kind} is not understood; send {' or '.join(_KINDS)}")


def _id(message: str) -> UUID:
    try:
        return UUID(message)
    except ValueError:
        raise NotFound(f"there is no message {message}") from None


@dataclass(frozen=True)
class _Decision(Generic[B]):
    """What somebody decides about a message in quarantine."""

    command: str
    body: type[B]
    run: Callable[[Quarantine, UUID, B, Asked], Awaitable[Committed]]
    status: int = 200


async def _decide(
    request: Request, caller: Principal, raw: bytes | None, message: str, decision: _Decision[B]
) -> Committed:
    """Carry a decision out; the body is read once it is known who asks, and that there is such a message.

    `If-Match` is optional: a message that waits has one version only. Raises Forbidden, NotFound.
    """
    context, actor = await _may(request, caller, decision.command)
    receipt, quarantine = _id(message), context.desk.quarantine
    if not await quarantine.has_receipt(receipt):
        raise NotFound(f"there is no message {message}")
    body = parse(request, raw, decision.body)
    allow(LONG)
    try:
        wanted = await with_precondition(request, context, asked(request, actor, raw, decision.status, reason=body.why))
        return await decision.run(quarantine, receipt, body, wanted)
    except StaleVersion as stale:
        since = await quarantine.receipt_history(receipt, actor, after=stale.expected)
        told: dict[str, Any] = {
            "current_version": stale.current,
            "events": [history_item(each, actor.role) for each in since],
        }
        raise Problem("stale-version", str(stale), headers={"ETag": f'"v{stale.current}"'}, **told) from stale


def _decided(committed: Committed, outcome: str, status: int) -> Response:
    receipt = _receipt_of(committed)
    headers = {"ETag": f'"v{receipt.version}"', "Position": str(committed.position)}
    if receipt.case is not None:
        headers["Location"] = f"/cases/{receipt.case}"
    if committed.replayed:
        headers["Idempotency-Replayed"] = "true"
    return _told(outcome, receipt.case, receipt.id, status, headers)


def _receipt_of(committed: Committed) -> Receipt:
    assert isinstance(committed.root, Receipt)
    return committed.root


def _told(outcome: str, case: str | None, message: UUID, status: int, headers: dict[str, str]) -> Response:
    return json_response({"outcome": outcome, "case": case, "message": message}, status, headers)
