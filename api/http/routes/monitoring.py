"""What monitoring systems hand in (SOP 5.1).

Each protocol is answered in its own words, and each answer names an outcome of `design.md`. What is authenticated and cannot
be read is kept, and waits in the quarantine: whoever sent it need not send it again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.bodies.intake import AlertmanagerBody, CloudEventsBody, PagerDutyBody
from api.http.context import admit, context_of, principal_of
from api.http.deadline import LONG, allow, in_thread
from api.http.documents.base import Document
from api.http.documents.intake import AlertmanagerOutcome, CloudEventsOutcome, PagerDutyOutcome, PagerDutyRefusal
from api.http.gate import Full
from api.http.openapi.areas import Area
from api.http.openapi.headers import WEBHOOK_ORIGIN
from api.http.openapi.operations import (
    KEEPS_ALL,
    MAYBE_TOKEN,
    OPEN,
    Part,
    answers,
    gives,
    needs,
    operation,
    reads,
    refuses,
    takes,
    takes_batch,
)
from api.http.problems import Problem, trace_id_of
from api.http.requests import LARGEST, body_in_time, request_id_of
from application.execution.principals import Unauthenticated
from application.execution.requests import Request as Asked
from application.monitoring import cloudevents, pagerduty
from application.monitoring.alertmanager import read_group
from application.monitoring.cloudevents import Mode
from application.monitoring.outcomes import Outcome, Taken
from application.monitoring.signals import Delivery, Unreadable, read
from domain.errors import Forbidden
from domain.fate import ReceiptCause
from domain.monitoring.source import SourceKind
from domain.receipt import COMMANDS, authorise_intake
from domain.values import Actor

router = APIRouter(tags=[Area.INTAKE])

_STATUS = {Outcome.OPENED: 201, Outcome.RECORDED: 200, Outcome.DUPLICATE: 200, Outcome.QUARANTINED: 202}
_STRANGERS = 5.0
"""Seconds for a body whose key is in it: until it has come, nobody knows whether it is anybody's."""
_RATE = 600
"""Events a minute that a sender of CloudEvents may count on."""
_LARGE = 32_768
"""Bytes."""
_ORIGIN = re.compile(r"[!-~]{1,255}")
T = TypeVar("T")
_INTAKE = COMMANDS["receive_message"].who


@dataclass(frozen=True)
class Machine:
    """Who hands something in: a source by its key, or whoever a token of role intake names."""

    actor: Actor
    key: str | None = None


Handler = Callable[[Request, Machine | None, bytes | None], Awaitable[Response]]


def _door(
    path: str, kind: SourceKind, full: Callable[[], Response | Problem], described: Part
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


def _tells(document: type[Document], *statuses: int) -> Part:
    """A document as the answer, whatever became of the message."""
    headers = ("Position", "MaybeLocation")
    return operation(*(answers(document, told=_TOLD[each], status=each, headers=headers) for each in statuses))


async def _body(request: Request, seconds: float | None) -> bytes | None:
    try:
        return await body_in_time(request, seconds)
    except TimeoutError:
        raise Problem("unavailable", "the body did not come in time") from None


async def _read(raw: bytes, how: Callable[[], T]) -> T:
    """What a message says. A large one is read in a thread, so that it does not hold up the event loop."""
    return how() if len(raw) < _LARGE else await in_thread(how)


async def _machine_of(request: Request, kind: SourceKind) -> Machine | None:
    """Who calls, by the header; None where a key may lie in the body. Raises Unauthenticated, Forbidden, Problem 410."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return await _admit(request, token.strip(), kind)
    if kind is SourceKind.PAGERDUTY:
        return None
    raise Unauthenticated("an Authorization header with a bearer token, or a key of a source, is needed")


async def _admit(request: Request, token: str, kind: SourceKind) -> Machine:
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


async def _take(request: Request, machine: Machine, delivery: Delivery) -> Taken:
    id_, trace = request_id_of(request), trace_id_of(request)
    wanted = Asked(machine.actor, "http", request_id=id_, trace_id=trace, key=machine.key)
    alerts, failures = context_of(request).desk.alerts, context_of(request).failures
    unread = replace(delivery, signals=(), about=(), cause=ReceiptCause.UNREADABLE, why="it failed again and again")
    return await failures.guarded(
        delivery.raw, lambda: alerts.take_signals(delivery, wanted), lambda: alerts.take_signals(unread, wanted)
    )


def _told(taken: Taken, status: int, said: Mapping[str, Any]) -> Response:
    headers = {"Position": str(taken.position)}
    if taken.outcome is Outcome.OPENED:
        headers["Location"] = f"/cases/{taken.case}"
    document = {**said, "outcome": taken.outcome, "case": taken.case}
    return Response(msgspec.json.encode(document), status, headers, media_type="application/json")


# Alertmanager: a 4xx, 429 included, is never sent again; what cannot be taken now is refused with 503


def _later() -> Problem:
    return Problem("unavailable", "as much is being taken in as can be; send it again", headers={"Retry-After": "5"})


@_door(
    "/intake/alertmanager",
    SourceKind.ALERTMANAGER,
    _later,
    operation(takes(AlertmanagerBody), _tells(AlertmanagerOutcome, 200, 201, 202)),
)
async def receive_alerts(request: Request, machine: Machine | None, raw: bytes | None) -> Response:
    """Receive a notification of Alertmanager, version 4.

    Each alert is read by itself. What cannot be read waits in the quarantine, and is not refused (R-5.1c, R-5.1d, R-5.2b).
    A key of a source, or a token of the role, authenticates.
    """
    assert machine is not None
    whole = _whole(raw)
    taken = await _take(request, machine, await _read(whole, partial(read, whole, read_group)))
    alerts = [
        {
            "fingerprint": s.fingerprint,
            "status": "firing" if s.firing else "resolved",
            "became": s.action,
            "case": s.case,
        }
        for s in taken.signals
    ]
    kept = [{"alert": each.place, "why": each.why, "message": each.message} for each in taken.kept]
    told = {"cases": taken.cases, "message": taken.receipt, "alerts": alerts, "quarantined": kept}
    return _told(taken, _STATUS[taken.outcome], told)


def _whole(raw: bytes | None) -> bytes:
    if raw is None:
        raise Problem("content-too-large", f"a message may have {LARGEST} bytes")
    return raw


# CloudEvents


def _slowly() -> Problem:
    return Problem(
        "too-many-requests", "as much is being taken in as can be; send it again", headers={"Retry-After": "5"}
    )


@_door(
    "/intake/cloudevents",
    SourceKind.CLOUDEVENTS,
    _slowly,
    operation(
        takes(CloudEventsBody, "application/cloudevents+json"),
        takes_batch(CloudEventsBody, "application/cloudevents-batch+json"),
        _tells(CloudEventsOutcome, 201, 202),
        refuses("gone", "too-many-requests", "unsupported-media-type"),
    ),
)
async def receive_events(request: Request, machine: Machine | None, raw: bytes | None) -> Response:
    """Receive CloudEvents 1.0.

    In structured mode, in a batch, or in binary mode: then the attributes are `ce-` headers, and the body is the data. What
    cannot be read waits in the quarantine, and is not refused.
    """
    assert machine is not None
    whole, kind = _whole(raw), request.headers.get("content-type", "")
    mode = cloudevents.mode_of(kind, request.headers)
    if mode is None:
        shown = kind.partition(";")[0].strip() or "it"
        raise Problem("unsupported-media-type", f"{shown} is no format of CloudEvents that is understood; send JSON")
    if mode is Mode.BINARY:
        delivery = cloudevents.read_binary(whole, request.headers)
    elif mode is Mode.STRUCTURED:
        delivery = await _read(whole, partial(cloudevents.read_structured, whole))
    else:
        return await _batch(request, machine, whole)
    taken = await _take(request, machine, delivery)
    return _told(taken, _done(taken), {"message": taken.receipt})


async def _batch(request: Request, machine: Machine, whole: bytes) -> Response:
    """Each event by itself: what was taken before something fails is a duplicate when all are sent again."""
    try:
        events = await _read(whole, partial(cloudevents.split, whole))
    except Unreadable as unreadable:
        taken = await _take(request, machine, Delivery(whole, cause=unreadable.cause, why=str(unreadable)))
        return _told(taken, _done(taken), {"message": taken.receipt, "events": []})
    if not events:
        taken = await _take(request, machine, Delivery(whole))
        return _told(taken, _done(taken), {"message": taken.receipt, "events": []})
    all_ = [await _take(request, machine, cloudevents.read_structured(event)) for event in events]
    told = [{"outcome": taken.outcome, "case": taken.case, "message": taken.receipt} for taken in all_]
    order = list(_STATUS)
    first = min(all_, key=lambda taken: (order.index(taken.outcome), taken.case is None))
    return _told(first, _done(first), {"message": first.receipt, "events": told})


def _done(taken: Taken) -> int:
    """201 for what opened a case; 202 for all else that is taken (`intake.md`)."""
    return 201 if taken.outcome is Outcome.OPENED else 202


@router.options(
    "/intake/cloudevents",
    response_class=Response,
    operation_id="allow_events",
    openapi_extra=operation(
        OPEN,
        reads(WEBHOOK_ORIGIN),
        gives({}, told="Send them.", headers=("Allow", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate")),
    ),
)
async def allow_events(request: Request) -> Response:
    """Allow a sender to deliver CloudEvents.

    The handshake of CloudEvents' HTTP 1.1 Web Hooks, section 4: it tells how many events a minute may come.
    """
    origin = request.headers.get("webhook-request-origin", "*")
    if not _ORIGIN.fullmatch(origin):
        raise Problem("malformed", "WebHook-Request-Origin names a host")
    allowed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": str(_RATE)}
    return Response(status_code=200, headers={"Allow": "OPTIONS, POST", **allowed})


# PagerDuty

_REFUSED = {
    400: "The event is wrong: it waits in the quarantine, and should not be sent again.",
    413: "The event is too large.",
    429: "Too many events come at once: send it again.",
}


def _throttled() -> Response:
    return _answered(429, "throttle exceeded", "Requests are arriving too quickly. Please retry later.", "5")


def _answered(status: int, state: str, message: str, retry_after: str | None = None, **more: Any) -> Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    document = msgspec.json.encode({"status": state, "message": message, **more})
    return Response(document, status, headers, media_type="application/json")


@_door(
    "/v2/enqueue",
    SourceKind.PAGERDUTY,
    _throttled,
    operation(
        MAYBE_TOKEN,
        takes(PagerDutyBody),
        _tells(PagerDutyOutcome, 202),
        *(answers(PagerDutyRefusal, told=told, status=status) for status, told in _REFUSED.items()),
        refuses("unauthenticated", "forbidden"),
    ),
)
async def receive_event(request: Request, machine: Machine | None, raw: bytes | None) -> Response:
    """Receive an event as PagerDuty's Events API, version 2.

    A key of a source, or a token, authenticates: as `routing_key`, or in the `Authorization` header. Refusals read as
    PagerDuty's. A wrong event is kept in the quarantine all the same.
    """
    if raw is None or len(raw) > pagerduty.LARGEST:
        told = [f"Event may have {pagerduty.LARGEST} bytes"]
        return _answered(413, "invalid event", "Event object is too large", errors=told)
    if machine is None:
        key = await _read(raw, partial(pagerduty.routing_key, raw))
        if key is None:
            raise Unauthenticated("a routing_key in the body, or an Authorization header, is needed")
        machine = await _admit(request, key, SourceKind.PAGERDUTY)
    new_key = context_of(request).desk.runner.random
    event = await _read(raw, lambda: pagerduty.read_event(raw, lambda: new_key(16).hex()))
    taken = await _take(request, machine, event.delivery)
    if taken.outcome is Outcome.QUARANTINED and event.recognised:  # kept like all that is wrong; and its sender is told
        what, why = {"outcome": taken.outcome, "case": None}, [event.delivery.why]
        return _answered(400, "invalid event", "Event object is invalid", errors=why, **what)
    if taken.outcome is Outcome.QUARANTINED:
        said = {"status": "accepted", "message": "Event kept for a person to look at", "dedup_key": None}
    else:
        said = {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key}
    return _told(taken, 202, said)
