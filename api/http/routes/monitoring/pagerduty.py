"""Events as for PagerDuty's Events API, version 2. Refusals read as PagerDuty's."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.bodies.intake import PagerDutyBody
from api.http.context import context_of
from api.http.documents.intake import PagerDutyOutcome, PagerDutyRefusal
from api.http.openapi.areas import Area
from api.http.openapi.operations import (
    MAYBE_TOKEN,
    answers,
    operation,
    refuses,
    takes,
)
from api.http.responses import json_response
from api.http.routes.monitoring.door import (
    Machine,
    admit_machine,
    door,
    read_by_size,
    take,
    tells,
    told_of,
)
from application.execution.principals import Unauthenticated
from application.monitoring import pagerduty as wire
from application.monitoring.outcomes import Outcome
from domain.monitoring.source import SourceKind

router = APIRouter(tags=[Area.INTAKE])


_REFUSED = {
    400: "The event is wrong: it waits in the quarantine, and should not be sent again.",
    413: "The event is too large.",
    429: "Too many events come at once: send it again.",
}


def _throttled() -> Response:
    return _answered(429, "throttle exceeded", "Requests are arriving too quickly. Please retry later.", "5")


def _answered(status: int, state: str, message: str, retry_after: str | None = None, **more: Any) -> Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    return json_response({"status": state, "message": message, **more}, status, headers)


@door(
    router,
    "/v2/enqueue",
    SourceKind.PAGERDUTY,
    _throttled,
    operation(
        MAYBE_TOKEN,
        takes(PagerDutyBody),
        tells(PagerDutyOutcome, 202),
        *(answers(PagerDutyRefusal, told=told, status=status) for status, told in _REFUSED.items()),
        refuses("unauthenticated", "forbidden"),
    ),
)
async def receive_event(request: Request, machine: Machine | None, raw: bytes | None) -> Response:
    """Receive an event as PagerDuty's Events API, version 2.

    A key of a source, or a token, authenticates: as `routing_key`, or in the `Authorization` header. Refusals read as
    PagerDuty's. A wrong event is kept in the quarantine all the same.
    """
    if raw is None or len(raw) > wire.LARGEST:
        told = [f"Event may have {wire.LARGEST} bytes"]
        return _answered(413, "invalid event", "Event object is too large", errors=told)
    if machine is None:
        key = await read_by_size(raw, partial(wire.routing_key, raw))
        if key is None:
            raise Unauthenticated("a routing_key in the body, or an Authorization header, is needed")
        machine = await admit_machine(request, key, SourceKind.PAGERDUTY)
    new_key = context_of(request).desk.runner.random
    event = await read_by_size(raw, lambda: wire.read_event(raw, lambda: new_key(16).hex()))
    taken = await take(request, machine, event.delivery)
    if taken.outcome is Outcome.QUARANTINED and event.recognised:  # kept like all that is wrong; and its sender is told
        what, why = {"outcome": taken.outcome, "case": None}, [event.delivery.why]
        return _answered(400, "invalid event", "Event object is invalid", errors=why, **what)
    if taken.outcome is Outcome.QUARANTINED:
        said = {"status": "accepted", "message": "Event kept for a person to look at", "dedup_key": None}
    else:
        said = {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key}
    return told_of(taken, 202, said)
