"""Alerts of a monitoring system: one fires and opens a case, fires on, and recovers (R-5.8d)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from application.demo.simulation.incident import Incident
from application.demo.simulation.lives import Stage, live
from application.demo.simulation.people import INTERFACE, SOURCE, Customer
from application.demo.simulation.schedule import Until
from application.demo.simulation.setting import Setting
from application.demo.simulation.wording import Wording, vocabulary
from application.execution.requests import Request
from application.monitoring.alertmanager import read_group
from application.monitoring.outcomes import Taken
from application.monitoring.signals import read
from domain.values import Actor, Role

_REQUEST = Request(Actor(SOURCE, Role.INTAKE), INTERFACE)
_SEVERITIES = {"warning": 0.6, "error": 0.25, "critical": 0.15}
_NEVER = "0001-01-01T00:00:00Z"
_SERVICES = {"postgres": "databases", "router": "internet", "switch": "internet", "backup": "backup"}
_NOBODY = Customer("the service's owner", None, "", "")
_SLOW = timedelta(seconds=20)
"""How long a monitoring system takes from a measurement to its message."""


async def alert(at: Setting) -> None:
    """An alert fires; the desk works on its case, while the alert recovers."""
    chance, wording, began = at.chance, Wording(at.chance), at.now - _SLOW
    labels = _labels(at, wording)
    told: dict[str, Any] = {
        "labels": labels,
        "annotations": {"summary": wording.one("alerts"), "description": wording.one("findings")},
    }
    told["fingerprint"] = f"{chance.getrandbits(64):016x}"
    taken = await _sent(at, told, began)
    assert taken.case is not None, taken
    service = _SERVICES.get(labels["job"], "virtual-servers")
    case = Incident.of(at, service=service, customer=_NOBODY)
    case.wording, case.number, case.words = wording, taken.case, {"subject": told["annotations"]["summary"]}
    at.schedule.begin(_goes_on(at, told, began), at.now + timedelta(minutes=5))
    last = Stage.LOGGED if chance.happens(0.1) else Stage.CLOSED
    await live(at, last, case)


async def _goes_on(at: Setting, told: dict[str, Any], began: datetime) -> None:
    for _ in range(at.chance.getrandbits(2)):
        await _sent(at, told, began)
        await Until(at.now + timedelta(minutes=at.chance.between(5, 60)))
    if at.chance.happens(0.9):
        await _sent(at, told, began, ended=at.now - _SLOW)


async def _sent(at: Setting, told: dict[str, Any], began: datetime, ended: datetime | None = None) -> Taken:
    status = "firing" if ended is None else "resolved"
    times = {"startsAt": _written(began), "endsAt": _NEVER if ended is None else _written(ended)}
    group = {"version": "4", "status": status, "receiver": "desk", "alerts": [{"status": status, **told, **times}]}
    return await at.desk.alerts.take_signals(read(json.dumps(group).encode(), read_group), _REQUEST)


def _labels(at: Setting, wording: Wording) -> dict[str, str]:
    lists = vocabulary()
    return {
        "alertname": at.chance.by_rank(lists["measure"]),
        "job": at.chance.by_rank(lists["jobs"]),
        "instance": f"{wording.host}:9100",
        "severity": at.chance.weighted(_SEVERITIES),
    }


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
