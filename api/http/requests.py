"""What every request with a command has: body, idempotency key, precondition, answer (http.md)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.http.context import Context
from api.http.entrance.deadline import BodyComing
from api.http.fields import pointer, read_json
from api.http.problems import Problem, trace_id_of
from application.execution.requests import Idempotency
from application.execution.requests import Request as Asked
from domain.values import Actor

LARGEST = 1_048_576
"""Bytes of a body (http.md, Limits)."""
_PATIENCE = 30.0
"""Seconds for a body to arrive. A slower sender would hold resources that others need."""
_ETAG = re.compile(r'^"v(\d{1,18})"$')
_REQUEST_ID = re.compile(r"^[\w.-]{1,64}$")
M = TypeVar("M", bound=BaseModel)


async def raw_body(request: Request) -> bytes | None:
    """The body; None when it is too large. Raises Problem 400 when it breaks off, 408 when it is too slow."""
    try:
        return await body_in_time(request)
    except TimeoutError:
        raise Problem("request-timeout", f"the body did not come within {_PATIENCE:g} s") from None


async def body_in_time(request: Request, seconds: float | None = None) -> bytes | None:
    """The same within so many seconds. It reads no more bytes than allowed. Raises Problem 400, TimeoutError."""
    if int(request.headers.get("content-length") or 0) > LARGEST:
        return None
    raw, more = b"", True
    with BodyComing(_PATIENCE if seconds is None else seconds):
        while more:
            message = await request.receive()
            if message["type"] != "http.request":
                raise Problem("malformed", "the body broke off")
            raw, more = raw + message.get("body", b""), message.get("more_body", False)
            if len(raw) > LARGEST:
                return None
    return raw


def json_body(request: Request, raw: bytes | None) -> bytes:
    """The body as JSON text. Raises Problem 413, 415, 400."""
    if raw is None:
        raise Problem("content-too-large", f"a body may have {LARGEST} bytes")
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem("unsupported-media-type", f"{kind} is not understood; send application/json")
    given = raw or b"{}"
    try:
        read_json(given)
    except ValueError as error:
        raise Problem("malformed", f"the body is no JSON that could be understood: {error}") from None
    return given


def parse(request: Request, raw: bytes | None, model: type[M]) -> M:
    """The body as a model. Raises Problem 413, 415, 400, 422."""
    given = json_body(request, raw)
    try:
        return model.model_validate_json(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(e["type"] == "json_invalid" for e in found):
            raise Problem("malformed", f"the body is no JSON: {found[0]['msg']}") from None
        pointers = [{"detail": e["msg"], "pointer": pointer(e["loc"])} for e in found]
        raise Problem("validation-failed", pointers[0]["detail"], errors=pointers) from None


def asked(request: Request, actor: Actor, raw: bytes | None, status: int = 200, *, reason: str | None = None) -> Asked:
    """Who asks, why, and under which key and trace. Raises Problem 400."""
    return Asked(
        actor,
        "http",
        expected=None,
        idempotency=_idempotency(request, actor, raw or b"", status),
        request_id=request_id_of(request),
        trace_id=trace_id_of(request),
        reason=reason,
    )


def _idempotency(request: Request, actor: Actor, raw: bytes, status: int) -> Idempotency | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    key = given[1:-1] if len(given) > 2 and given[0] == given[-1] == '"' else given
    if not 1 <= len(key) <= 255 or '"' in key:
        raise Problem("malformed", "Idempotency-Key is a quoted string of 1 to 255 characters")
    scope = f"{actor.subject}\0{request.method}\0{request.scope['path']}\0{key}".encode()
    return Idempotency(hashlib.sha256(scope).digest(), hashlib.sha256(raw).digest(), status)


def request_id_of(request: Request) -> str | None:
    """The caller's id of this request; None without a valid one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


async def with_precondition(request: Request, context: Context, wanted: Asked, *, required: bool = False) -> Asked:
    """The request with the version its caller has seen. Raises Problem 428 where it is required and missing, 400."""
    given = request.headers.get("if-match")
    if given is None:
        if request.headers.get("if-none-match", "").strip() == "*":
            return replace(wanted, expected=0)
        if required and not await context.desk.runner.answered(wanted):
            raise Problem("precondition-required", 'send If-Match with the ETag you have seen, or "*" in so many words')
        return wanted
    if given.strip() == "*":
        return wanted
    if (match := _ETAG.fullmatch(given.strip())) is None:
        raise Problem("malformed", 'If-Match takes one strong ETag such as "v17", or *')
    return replace(wanted, expected=int(match[1]))
