"""Messages as they came, byte for byte: given out to be saved, and never to be shown in place."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.access import Reader, Staff
from api.http.context import context_of, note_read
from api.http.entrance.deadline import LONG, allow
from api.http.openapi.areas import Area
from api.http.openapi.operations import BINARY, gives, needs, operation, refuses
from api.http.responses import unchanged
from api.http.routes.attachments import SAFE, disposition
from application.audit.reads import What
from application.cases.attachments import MAIL, UNKNOWN, type_of
from domain.case.status import READERS, STAFF
from domain.errors import NotFound
from domain.receipt import Receipt
from domain.values import Channel

router = APIRouter(tags=[Area.FILES])
_GIVEN_OUT = operation(
    gives(
        {MAIL: BINARY, UNKNOWN: BINARY},
        told="The message, to be saved and not shown.",
        headers=("ETag", "Content-Disposition"),
    ),
    refuses("gone"),
)


@router.get(
    "/cases/{number}/messages/{message}/raw",
    response_class=Response,
    operation_id="read_message_of_case",
    openapi_extra=operation(_GIVEN_OUT, needs(READERS)),
)
async def read_message_of_case(request: Request, actor: Reader, number: str, message: str) -> Response:
    """Download a message of a case as it came.

    Customers download the messages that they wrote. `gone` once it is erased.
    """
    allow(LONG)
    quarantine = context_of(request).desk.quarantine
    found = await quarantine.message_of_case(number, _id(message), actor)
    note_read(request, actor, What.MESSAGE, number)
    return _given_out(request, *found)


@router.get(
    "/quarantine/{message}/raw",
    response_class=Response,
    operation_id="read_message_as_it_came",
    openapi_extra=operation(_GIVEN_OUT, needs(STAFF)),
)
async def read_message_as_it_came(request: Request, actor: Staff, message: str) -> Response:
    """Download a message as it came.

    Any message, not only those in the quarantine. `gone` once it is erased.
    """
    allow(LONG)
    found = await context_of(request).desk.quarantine.message_as_it_came(_id(message), actor)
    note_read(request, actor, What.MESSAGE, message)
    return _given_out(request, *found)


def _id(message: str) -> UUID:
    try:
        return UUID(message)
    except ValueError:
        raise NotFound(f"there is no message {message}") from None


def _given_out(request: Request, receipt: Receipt, raw: bytes) -> Response:
    if (same := unchanged(request, receipt.sha256)) is not None:
        return same
    mail = receipt.channel is not Channel.MONITORING or type_of(raw, MAIL) == MAIL
    headers = {
        **SAFE,
        "Content-Type": MAIL if mail else UNKNOWN,
        "Content-Disposition": disposition(f"message-{receipt.id}{'.eml' if mail else '.bin'}"),
        "ETag": f'"{receipt.sha256}"',
    }
    return Response(raw, headers=headers)
