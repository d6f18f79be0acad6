"""Notifications of Alertmanager. It never sends a 4xx again, 429 included: what cannot be taken now is refused with 503."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.bodies.intake import AlertmanagerBody
from api.http.documents.intake import AlertmanagerOutcome
from api.http.openapi.areas import Area
from api.http.openapi.operations import (
    operation,
    takes,
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
from application.monitoring.alertmanager import read_group
from application.monitoring.signals import read
from domain.monitoring.source import SourceKind

router = APIRouter(tags=[Area.INTAKE])


def _later() -> Problem:
    return Problem("unavailable", "as much is being taken in as can be; send it again", headers={"Retry-After": "5"})


@door(
    router,
    "/intake/alertmanager",
    SourceKind.ALERTMANAGER,
    _later,
    operation(takes(AlertmanagerBody), tells(AlertmanagerOutcome, 200, 201, 202)),
)
async def receive_alerts(request: Request, machine: Machine | None, raw: bytes | None) -> Response:
    """Receive a notification of Alertmanager, version 4.

    Each alert is read by itself. What cannot be read waits in the quarantine, and is not refused (R-5.1c, R-5.1d, R-5.2b).
    A key of a source, or a token of the role, authenticates.
    """
    assert machine is not None
    whole = whole_of(raw)
    taken = await take(request, machine, await read_by_size(whole, partial(read, whole, read_group)))
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
    return told_of(taken, STATUS[taken.outcome], told)
