"""The door that every protocol shares: the gate, who calls, the body in time, and the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.context import admit, context_of, principal_of
from api.http.documents.base import Document
from api.http.entrance.deadline import LONG, allow, in_thread
from api.http.entrance.gate import Full
from api.http.openapi.operations import (
    KEEPS_ALL,
    Part,
    answers,
    needs,
    operation,
)
from api.http.problems import Problem, trace_id_of
from api.http.requests import LARGEST, body_in_time, request_id_of
from api.http.responses import json_response
from application.execution.principals import Unauthenticated
from application.execution.requests import Request as Asked
from application.monitoring.outcomes import Outcome, Taken
from application.monitoring.signals import Delivery
from domain.errors import Forbidden
from domain.fate import ReceiptCause
from domain.monitoring.source import SourceKind
from domain.receipt import COMMANDS, authorise_intake
from domain.values import Actor

STATUS = {Outcome.OPENED: 201, Outcome.RECORDED: 200, Outcome.DUPLICATE: 200, Outcome.QUARANTINED: 202}
_STRANGERS = 5.0
"""Seconds for a body whose key is in it: until it has come, nobody knows whether it is anybody's."""
_LARGE = 32_768
"""Bytes."""
T = TypeVar("T")
_INTAKE = COMMANDS["receive_message"].who


@dataclass(frozen=True)
class Machine:
    """Who hands something in: a source by its key, or whoever a token of role intake names."""

    actor: Actor
    key: str | None = None


Handler = Callable[[Request, Machine | None, bytes | None], Awaitable[Response]]


def door(
    router: APIRouter, path: str, kind: SourceKind, full: Callable[[], Response | Problem], described: Part
) -> Callable[[Handler], Handler]:
    """A route of machine intake: the gate, 401, 403, the body, the handler; ``full`` is what the gate answers."""

    def opened(handle: Handler) -> Handler:
        async def receive(request: Request) -> Response:
            try:
                with context_of(request).gate.passed(kind):
                    machine = await _machine_of(request, kind)
                    raw = await _body(request, None if machine else _STRANGERS)
                    allow(LONG)
                    return await handle(request, machine, raw)
            except Full:
                answered = full()
            if isinstance(answered, Problem):
                raise answered
            return answered

        receive.__doc__ = handle.__doc__
        router.add_api_route(
            path,
            receive,
            methods=["POST"],
            response_class=Response,
            operation_id=handle.__name__,
            openapi_extra=operation(KEEPS_ALL, described, needs(_INTAKE)),
        )
        return handle

    return opened


_TOLD = {
    200: "It told nothing that opens a case: `recorded`, or `duplicate`.",
    201: "It opened a case.",
    202: "It was accepted, or waits in the quarantine for a person.",
}


def tells(document: type[Document], *statuses: int) -> Part:
    """A document as the answer, whatever became of the message."""
    headers = ("Position", "MaybeLocation")
    return operation(*(answers(document, told=_TOLD[each], status=each, headers=headers) for each in statuses))


async def _body(request: Request, seconds: float | None) -> bytes | None:
    try:
        return await body_in_time(request, seconds)
    except TimeoutError:
        raise Problem("unavailable", "the body did not come in time") from None


async def read_by_size(raw: bytes, how: Callable[[], T]) -> T:
    """What a message says. A large one is read in a thread, so that it does not hold up the event loop."""
    return how() if len(raw) < _LARGE else await in_thread(how)


async def _machine_of(request: Request, kind: SourceKind) -> Machine | None:
    """Who calls, by the header; None where a key may lie in the body. Raises Unauthenticated, Forbidden, Problem 410."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return await admit_machine(request, token.strip(), kind)
    if kind is SourceKind.PAGERDUTY:
        return None
    raise Unauthenticated("an Authorization header with a bearer token, or a key of a source, is needed")


async def admit_machine(request: Request, token: str, kind: SourceKind) -> Machine:
    context = context_of(request)
    principal = await principal_of(context, token, looking=True)
    source = (await context.desk.references.current()).source(principal.subject)
    if source is not None and source.entry.retired:
        if kind is SourceKind.CLOUDEVENTS:
            raise Problem("gone", f"the source {source.entry.id} is retired: send no more")
        raise Forbidden(f"the source {source.entry.id} is retired")
    if source is not None and principal.key and source.entry.kind is not kind:
        raise Forbidden(f"the key is of a source that speaks {source.entry.kind}, not {kind}")
    actor = await admit(request, principal, _INTAKE)
    authorise_intake(actor, "receive_message")
    return Machine(actor, principal.key)


async def take(request: Request, machine: Machine, delivery: Delivery) -> Taken:
    id_, trace = request_id_of(request), trace_id_of(request)
    wanted = Asked(machine.actor, "http", request_id=id_, trace_id=trace, key=machine.key)
    alerts, failures = context_of(request).desk.alerts, context_of(request).failures
    unread = replace(delivery, signals=(), about=(), cause=ReceiptCause.UNREADABLE, why="it failed again and again")
    return await failures.guarded(
        delivery.raw, lambda: alerts.take_signals(delivery, wanted), lambda: alerts.take_signals(unread, wanted)
    )


def told_of(taken: Taken, status: int, said: Mapping[str, Any]) -> Response:
    headers = {"Position": str(taken.position)}
    if taken.outcome is Outcome.OPENED:
        headers["Location"] = f"/cases/{taken.case}"
    document = {**said, "outcome": taken.outcome, "case": taken.case}
    return json_response(document, status, headers)


def whole_of(raw: bytes | None) -> bytes:
    if raw is None:
        raise Problem("content-too-large", f"a message may have {LARGEST} bytes")
    return raw
