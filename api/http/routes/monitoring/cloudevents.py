"""CloudEvents 1.0, and the handshake of its Web Hooks."""

from __future__ import annotations

import re
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.bodies.intake import CloudEventsBody
from api.http.documents.intake import CloudEventsOutcome
from api.http.openapi.areas import Area
from api.http.openapi.headers import WEBHOOK_ORIGIN
from api.http.openapi.operations import (
    OPEN,
    gives,
    operation,
    reads,
    refuses,
    takes,
    takes_batch,
)
from api.http.problems import Problem
from api.http.routes.monitoring.door import (
    STATUS,
    Machine,
    door,
    read_by_size,
    take,
    tells,
    told_of,
    whole_of,
)
from application.monitoring import cloudevents as wire
from application.monitoring.cloudevents import Mode
from application.monitoring.outcomes import Outcome, Taken
from application.monitoring.signals import Delivery, Unreadable
from domain.monitoring.source import SourceKind

router = APIRouter(tags=[Area.INTAKE])
_RATE = 600
"""Events a minute that a sender of CloudEvents may count on."""
_ORIGIN = re.compile(r"[!-~]{1,255}")


def _slowly() -> Problem:
    return Problem(
        "too-many-requests", "as much is being taken in as can be; send it again", headers={"Retry-After": "5"}
    )


@door(
    router,
    "/intake/cloudevents",
    SourceKind.CLOUDEVENTS,
    _slowly,
    operation(
        takes(CloudEventsBody, "application/cloudevents+json"),
        takes_batch(CloudEventsBody, "application/cloudevents-batch+json"),
        tells(CloudEventsOutcome, 201, 202),
        refuses("gone", "too-many-requests", "unsupported-media-type"),
    ),
)
async def receive_events(request: Request, machine: Machine | None, raw: bytes | None) -> Response:
    """Receive CloudEvents 1.0.

    In structured mode, in a batch, or in binary mode: then the attributes are `ce-` headers, and the body is the data. What
    cannot be read waits in the quarantine, and is not refused.
    """
    assert machine is not None
    whole, kind = whole_of(raw), request.headers.get("content-type", "")
    mode = wire.mode_of(kind, request.headers)
    if mode is None:
        shown = kind.partition(";")[0].strip() or "it"
        raise Problem("unsupported-media-type", f"{shown} is no format of CloudEvents that is understood; send JSON")
    if mode is Mode.BINARY:
        delivery = wire.read_binary(whole, request.headers)
    elif mode is Mode.STRUCTURED:
        delivery = await read_by_size(whole, partial(wire.read_structured, whole))
    else:
        return await _batch(request, machine, whole)
    taken = await take(request, machine, delivery)
    return told_of(taken, _done(taken), {"message": taken.receipt})


async def _batch(request: Request, machine: Machine, whole: bytes) -> Response:
    """Each event by itself: what was taken before something fails is a duplicate when all are sent again."""
    try:
        events = await read_by_size(whole, partial(wire.split, whole))
    except Unreadable as unreadable:
        taken = await take(request, machine, Delivery(whole, cause=unreadable.cause, why=str(unreadable)))
        return told_of(taken, _done(taken), {"message": taken.receipt, "events": []})
    if not events:
        taken = await take(request, machine, Delivery(whole))
        return told_of(taken, _done(taken), {"message": taken.receipt, "events": []})
    all_ = [await take(request, machine, wire.read_structured(event)) for event in events]
    told = [{"outcome": taken.outcome, "case": taken.case, "message": taken.receipt} for taken in all_]
    order = list(STATUS)
    first = min(all_, key=lambda taken: (order.index(taken.outcome), taken.case is None))
    return told_of(first, _done(first), {"message": first.receipt, "events": told})


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
