"""Messages as they came, byte for byte: given out to be saved, and never to be shown in place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.context import context_of
from api.http.deadline import LONG, allow
from api.http.routes.attachments import SAFE, disposition
from api.http.routes.cases import Reader, Staff, unchanged
from application.cases.attachments import MAIL, UNKNOWN, type_of
from domain.errors import NotFound
from domain.receipt import Receipt
from domain.values import Channel

router = APIRouter(tags=["messages"])
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_GIVEN_OUT: dict[int | str, dict[str, Any]] = {
    "200": {"description": "The message, never to be shown in place.", "content": {MAIL: _BYTES, UNKNOWN: _BYTES}}
}


@router.get(
    "/cases/{number}/messages/{message}/raw",
    response_class=Response,
    operation_id="read_message_of_case",
    responses=_GIVEN_OUT,
)
async def read_message_of_case(request: Request, actor: Reader, number: str, message: str) -> Response:
    """A message of a case as it came, to be saved; 410 once it is erased. A customer reads the messages they wrote."""
    allow(LONG)
    quarantine = context_of(request).desk.quarantine
    return _given_out(request, *await quarantine.message_of_case(number, _id(message), actor))


@router.get(
    "/quarantine/{message}/raw", response_class=Response, operation_id="read_message_as_it_came", responses=_GIVEN_OUT
)
async def read_message_as_it_came(request: Request, actor: Staff, message: str) -> Response:
    """A message as it came, whatever became of it, to be saved; 410 once it is erased."""
    allow(LONG)
    return _given_out(request, *await context_of(request).desk.quarantine.message_as_it_came(_id(message), actor))


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
