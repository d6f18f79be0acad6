"""The desk as a caller meets it: HTTP on a real socket, real PostgreSQL, a projector at work."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn

from api.main import application, tokens_of
from domain.values import Role
from infrastructure.settings import Settings
from infrastructure.tokens import Tokens
from infrastructure.views.projector import Projector
from tests.conftest import TestDatabase

Answer = httpx.Response


class Caller:
    """One principal and his HTTP client. Every write carries If-Match: * unless it says otherwise."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def get(self, path: str, *, after: int | None = None, **given: Any) -> Answer:
        headers = {"Wait-For-Position": str(after)} if after is not None else {}
        return self.http.get(path, headers={**headers, **given.pop("headers", {})}, params=given or None)

    def post(self, path: str, body: Any, *, match: str | None = "*", key: str | None = None, **headers: str) -> Answer:
        if match is not None:
            headers["If-Match"] = match
        if key is not None:
            headers["Idempotency-Key"] = f'"{key}"'
        if isinstance(body, bytes):
            return self.http.post(path, content=body, headers={"Content-Type": "application/json", **headers})
        return self.http.post(path, json=body, headers=headers)


class RunningDesk:
    """A served desk: callers by role, and cases in the states that tests start from."""

    def __init__(self, url: str, tokens: Tokens) -> None:
        self.url, self.tokens = url, tokens
        self._callers: list[Caller] = []
        self.technician = self.caller(Role.TECHNICIAN, "a.ortiz")
        self.network = self.caller(Role.TEAM_MEMBER, "t.lee", "network")
        self.messaging = self.caller(Role.TEAM_MEMBER, "m.ruiz", "messaging")
        self.auditor = self.caller(Role.AUDITOR, "r.audit")

    def caller(self, role: Role, subject: str, team: str | None = None, *, hours: float = 1) -> Caller:
        made = Caller(self.url, self.tokens.issue(role, subject, team, timedelta(hours=hours)))
        self._callers.append(made)
        return made

    def anonymous(self, token: str = "") -> httpx.Client:
        made = Caller(self.url, token)
        self._callers.append(made)
        if not token:
            del made.http.headers["Authorization"]
        return made.http

    def close(self) -> None:
        for caller in self._callers:
            caller.http.close()

    # named states

    def log(self, **changes: Any) -> dict[str, Any]:
        case: dict[str, Any] = done(self.technician.post("/cases", {**incident(), **changes}))
        return case

    def prioritized(self) -> str:
        number: str = self.log()["number"]
        done(self.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
        done(self.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
        return number

    def in_diagnosis(self) -> str:
        number = self.prioritized()
        done(self.technician.post(f"/cases/{number}/diagnose", {"symptoms": "queue full", "findings": "spooler"}))
        return number

    def assigned(self) -> str:
        number = self.in_diagnosis()
        done(self.technician.post(f"/cases/{number}/assign", {"team": "network"}))
        return number

    def verified(self) -> str:
        number = self.assigned()
        done(self.network.post(f"/cases/{number}/verify", VERIFIED))
        return number

    def resolved(self) -> str:
        number = self.verified()
        done(self.network.post(f"/cases/{number}/resolve", FIXED))
        return number

    def closed(self) -> str:
        number = self.resolved()
        confirmation = {"method": "phone", "by": "Jo Field", "at": datetime.now(UTC).isoformat()}
        done(self.technician.post(f"/cases/{number}/close", {"confirmation": confirmation}))
        return number


VERIFIED = {"satisfactory": True, "able_to_work": True, "method": "phone"}
FIXED = {
    "code": "fixed",
    "solution": "spooler restarted",
    "workaround": False,
    "cause_corrected": "yes",
    "problem": None,
}


def incident() -> dict[str, Any]:
    """A body for `POST /cases`."""
    return {
        "channel": "phone",
        "received_at": datetime.now(UTC).isoformat(),
        "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"},
        "service": "printing",
        "subject": "Printer on floor 2",
        "description": "Nothing comes out.",
        "nature": "actual",
    }


def done(answer: Answer) -> Any:
    """The body of an answer that must be a success."""
    assert answer.is_success, (answer.status_code, answer.text)
    return answer.json()


def refused(answer: Answer, status: int, slug: str) -> dict[str, Any]:
    """The problem of an answer that must be this refusal."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["type"].rsplit("/", 1)[-1]) == (status, slug), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert all(problem[name] for name in ("title", "detail", "instance"))
    return problem


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def served(database: TestDatabase, folder: Path) -> Iterator[RunningDesk]:
    """A database over HTTP, with a projector at work, for as long as it is wanted."""
    settings, stop = Settings(data_dir=folder), threading.Event()
    server = _Server(uvicorn.Config(application(settings, database), port=0, log_level="warning", access_log=False))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    assert server.up.wait(30), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    with database.connect("projector") as connection:
        projecting = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 0.1})
        projecting.start()
        running = RunningDesk(f"http://127.0.0.1:{port}", tokens_of(settings))
        try:
            yield running
        finally:
            running.close()
            stop.set()
            projecting.join()
    server.should_exit = True
    serving.join(30)


Serve = Callable[[TestDatabase, Path], RunningDesk]


@pytest.fixture
def serve(database: TestDatabase) -> Iterator[Serve]:
    """Serve databases for as long as the test runs."""
    with ExitStack() as ending:
        yield lambda database, folder: ending.enter_context(served(database, folder))


@pytest.fixture
def running(serve: Serve, database: TestDatabase, tmp_path: Path) -> RunningDesk:
    """A served desk on a fresh database."""
    return serve(database, tmp_path)


@pytest.fixture
def positions(database: TestDatabase) -> Callable[[], int]:
    """How many events are on the record: what a refused request must not change."""

    def count() -> int:
        with psycopg.connect(database.superuser) as connection:
            row = connection.execute("SELECT count(*) FROM ledger.stored_events").fetchone()
            assert row is not None
            return int(row[0])

    return count
