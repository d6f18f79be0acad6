"""A desk with a catalogue and monitoring sources that have keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from application.administration.catalogue import OPERATOR
from application.demo.small_desk import load_demo
from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done

BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)
FIRING_STILL = "0001-01-01T00:00:00Z"


def alert(host: str = "a", *, firing: bool = True, episode: int = 0, **labels: str) -> dict[str, Any]:
    """An alert of Alertmanager's; its fingerprint follows from its labels, which Alertmanager would send."""
    started = BEGAN + timedelta(hours=episode)
    return {
        "status": "firing" if firing else "resolved",
        "labels": {"alertname": "PrinterDown", "instance": f"{host}.example", "severity": "critical", **labels},
        "annotations": {"summary": f"{host} prints nothing"},
        "startsAt": started.isoformat(),
        "endsAt": FIRING_STILL if firing else (started + timedelta(minutes=30)).isoformat(),
    }


def group(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    status = "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved"
    return {"version": "4", "groupKey": "{}:{}", "status": status, "receiver": "desk", "alerts": alerts, **more}


class Monitoring:
    """Somebody who hands in what monitoring systems say."""

    def __init__(self, running: RunningDesk) -> None:
        self.desk = running
        self.admin = running.caller(Role.ADMIN, "admin")
        self.gateway = running.caller(Role.INTAKE, "gateway")
        # FastAPI builds its routes at the first request, silencing warnings meanwhile: two servers of one process that did
        # so at once would hear each other's.
        assert self.gateway.get("/nowhere").status_code == 404

    def source(self, name: str = "prom", kind: str = "alertmanager", **entry: Any) -> str:
        """Register a source; returns a key of it."""
        entry = {"name": name.title(), "kind": kind, **entry}
        done(self.admin.http.put(f"/sources/{name}", json=entry, headers={"If-Match": "*"}))
        key: str = done(self.admin.post(f"/sources/{name}/keys", {}))["key"]
        return key

    def alertmanager(self, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        return self.post("/intake/alertmanager", body, key, **headers)

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        caller = self.gateway.http
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        given: Any = {"content": body} if isinstance(body, bytes) else {"json": body}
        return caller.post(path, headers={name.replace("_", "-"): value for name, value in headers.items()}, **given)

    def pagerduty(self, action: str, key: str, dedup_key: str | None = None, **payload: Any) -> httpx.Response:
        body: dict[str, Any] = {"routing_key": key, "event_action": action, "dedup_key": dedup_key}
        if action == "trigger":
            body["payload"] = {"summary": "disk full", "source": "db1", "severity": "critical", **payload}
        return self.desk.anonymous().post("/v2/enqueue", json={k: v for k, v in body.items() if v is not None})

    def case(self, number: str) -> Any:
        return done(self.desk.technician.get(f"/cases/{number}"))

    def etag(self, number: str) -> str:
        return self.desk.technician.get(f"/cases/{number}").headers["etag"]

    def topics(self, number: str) -> list[str]:
        return [e["topic"] for e in done(self.desk.technician.get(f"/cases/{number}/history"))["items"]]

    def alerts(self, number: str) -> list[Any]:
        """All of them, page by page."""
        found: list[Any] = []
        page: dict[str, Any] = {"next_cursor": ""}
        while (cursor := page["next_cursor"]) is not None:
            asked = {"cursor": cursor} if cursor else {}
            page = done(self.desk.technician.get(f"/cases/{number}/alerts", limit=200, **asked))
            found += page["items"]
        return found

    def act(self, number: str, verb: str, body: Any, who: Caller | None = None) -> Any:
        return done((who or self.desk.technician).post(f"/cases/{number}/{verb}", body))

    def assign(self, number: str) -> str:
        """Take an alert's case to the team."""
        self.act(number, "triage", {"owner": "desk"})
        if self.case(number)["service"] is None:
            self.act(number, "correct", {"field": "service", "value": "printing", "reason": "it is"})
        self.act(number, "prioritize", {"impact": 2, "severity": 2})
        self.act(number, "assign", {"team": "network"})
        return number

    def resolve(self, number: str) -> str:
        """Take an alert's case to its resolution: the service's owner verifies (R-5.8d)."""
        self.assign(number)
        return self.resolve_again(number)

    def resolve_again(self, number: str) -> str:
        verified = {"satisfactory": True, "able_to_work": True, "method": "phone"}
        self.act(number, "verify", verified, self.desk.network)
        fixed = {"code": "fixed", "solution": "restarted", "workaround": False, "cause_corrected": "yes"}
        self.act(number, "resolve", {**fixed, "problem": None}, self.desk.network)
        return number

    def close(self, number: str) -> str:
        confirmation = {"method": "phone", "by": "the owner", "at": datetime.now(UTC).isoformat()}
        self.act(number, "close", {"confirmation": confirmation})
        return number


Register = Callable[..., str]


@pytest.fixture
def monitoring(running: RunningDesk) -> Monitoring:
    running.office.run(load_demo)
    running.office.grants.ensure("gateway", Role.INTAKE, None, None, OPERATOR, anew=True)
    return Monitoring(running)
