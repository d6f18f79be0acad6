"""The desk as a caller meets it: HTTP on a real socket, real PostgreSQL, a projector at work."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn

from api.http.entrance.protocol import Protocol
from api.main import addresses_of, links_of, tokens_of
from api.serving import application
from application.administration.catalogue import OPERATOR
from application.processes.automatic_closure import close_due
from application.processes.mail_delivery import send_due
from application.processes.target_timers import record_due_targets
from domain.clock import Clock, SystemClock
from domain.values import Role
from infrastructure.mail.catcher import Catcher, mail_catcher
from infrastructure.mail.smtp_client import SmtpPostman
from infrastructure.postgres.connections import Connection
from infrastructure.settings import Settings
from infrastructure.views.projector import Projector
from infrastructure.views.questions.timers import PostgresTimers
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase

Answer = httpx.Response
_PATIENCE = 24
"""Tries of some seconds each until a view must have caught up."""
_SERVING = set[asyncio.AbstractEventLoop | None]()
"""The event loops of the desks that are served now."""


@pytest.fixture(scope="session", autouse=True)
def _nothing_blocks_the_event_loop() -> Iterator[None]:
    """Nobody waits for the database on a thread that runs an event loop: all requests of a process would wait with them."""
    wait = Connection.wait

    def watched(self: Connection, *given: Any, **named: Any) -> Any:
        assert asyncio._get_running_loop() not in _SERVING, "the event loop waits for the database"
        return wait(self, *given, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Connection, "wait", watched)
        yield


class Caller:
    """One principal and his HTTP client. Every write carries If-Match: * unless it says otherwise."""

    def __init__(self, url: str, token: str) -> None:
        # Nothing is encrypted here: to read the machine's certificates for each client took half of a test's time.
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, verify=False)

    def get(self, path: str, *, after: int | None = None, **given: Any) -> Answer:
        """Read; a view that is to be ``after`` a position is asked until it is, however slow this machine may be."""
        headers = {"Wait-For-Position": str(after)} if after is not None else {}
        headers.update(given.pop("headers", {}))
        for _ in range(_PATIENCE):
            answer = self.http.get(path, headers=headers, params=given or None)
            if after is None or answer.status_code != 503:
                break
        return answer

    def post(self, path: str, body: Any, *, match: str | None = "*", key: str | None = None, **headers: str) -> Answer:
        if match is not None:
            headers["If-Match"] = match
        if key is not None:
            headers["Idempotency-Key"] = f'"{key}"'
        if isinstance(body, bytes):
            return self.http.post(path, content=body, headers={"Content-Type": "application/json", **headers})
        return self.http.post(path, json=body, headers=headers)


class RunningDesk:
    """A served desk: callers by role, cases in the states that tests start from, and its processes on demand."""

    def __init__(self, url: str, settings: Settings, office: BlockingDesk, timers: Any, catcher: Catcher) -> None:
        self.url, self.tokens, self.office = url, tokens_of(settings), office
        self.clock, self.mail = office.clock, catcher
        self.timers, self._callers = timers, list[Caller]()
        self._send = partial(
            office.run,
            send_due,
            timers,
            SmtpPostman(
                host="127.0.0.1",
                port=catcher.port,
                sender=settings.mail_from,
                clock=office.clock,
                domain=office.addresses.domain,
            ),
            links_of(settings.model_copy(update={"public_url": url})),
        )
        self.technician = self.caller(Role.TECHNICIAN, "a.ortiz")
        self.network = self.caller(Role.TEAM_MEMBER, "t.lee", "network")
        self.messaging = self.caller(Role.TEAM_MEMBER, "m.ruiz", "messaging")
        self.auditor = self.caller(Role.AUDITOR, "r.audit")

    def caller(self, role: Role, subject: str, team: str | None = None, *, hours: float = 1) -> Caller:
        """Somebody with a token, and with the grant it needs."""
        self.office.grants.ensure(subject, role, team, None, OPERATOR, anew=True)
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

    # the desk's own processes, when a test says so

    def catch_up(self) -> None:
        """Wait until the views show all that is on the record."""
        done(self.technician.get("/queues", after=self.office.position))

    def send_mail(self) -> int:
        """Send what is due; returns how many mails met their fate."""
        self.catch_up()
        return int(self._send())

    def close_elapsed(self) -> int:
        """Fire the timers that are due; returns how many cases they closed."""
        self.catch_up()
        return int(self.office.run(close_due, self.timers))

    def record_due_targets(self) -> int:
        """Look at the targets that are due; returns of how many cases something was recorded."""
        self.catch_up()
        return int(self.office.run(record_due_targets, self.timers))

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
    """A body for `POST /cases`; each is about something else, so that none is taken for a duplicate."""
    thing, other = secrets.token_hex(4), secrets.token_hex(4)
    return {
        "channel": "phone",
        "received_at": datetime.now(UTC).isoformat(),
        "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"},
        "service": "printing",
        "subject": f"Printer {thing}",
        "description": f"Nothing comes out of {other}.",
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
        _SERVING.add(asyncio.get_running_loop())
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _SERVING.discard(asyncio.get_running_loop())
        await super().shutdown(sockets)


@contextmanager
def served(database: TestDatabase, folder: Path, clock: Clock | None = None, **given: Any) -> Iterator[RunningDesk]:
    """A database over HTTP, with a projector at work and a mail server beside it, for as long as it is wanted."""
    settings, stop, clock = Settings(data_dir=folder, **given), threading.Event(), clock or SystemClock()
    app = application(settings, database, lambda: clock)
    server = _Server(uvicorn.Config(app, port=0, http=Protocol, log_level="warning", access_log=False))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    assert server.up.wait(30), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    with (
        database.connect("projector") as connection,
        open_desk(database, clock, addresses=addresses_of(settings)) as office,
        office.on_pool(database, "processes", PostgresTimers) as timers,
        mail_catcher(clock=clock) as catcher,
    ):
        office.policy.adopt(OPERATOR)
        projecting = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 0.1})
        projecting.start()
        running = RunningDesk(f"http://127.0.0.1:{port}", settings, office, timers, catcher)
        try:
            yield running
        finally:
            running.close()
            stop.set()
            projecting.join()
    server.should_exit = True
    serving.join(30)


Serve = Callable[..., RunningDesk]


@pytest.fixture
def serve(database: TestDatabase) -> Iterator[Serve]:
    """Serve databases for as long as the test runs."""
    with ExitStack() as ending:
        yield lambda *given: ending.enter_context(served(*given))


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
