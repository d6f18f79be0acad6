"""What the desk still does while what it stands on is away: the database, the network, the identity provider."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infrastructure.views.questions.lists import ListView
from tests.acceptance.conftest import Answer, RunningDesk, Serve, done, refused, served
from tests.acceptance.shared.http.test_credentials import ACCESS, claims
from tests.conftest import TestDatabase
from tests.infrastructure.postgres.proxy import Proxy, proxied


@pytest.fixture
def proxy(database: TestDatabase) -> Iterator[Proxy]:
    with proxied(database.conninfo) as made:
        yield made


@pytest.fixture
def behind(proxy: Proxy, database: TestDatabase, serve: Serve, tmp_path: Path) -> RunningDesk:
    """A desk that reaches its database through a proxy."""
    return serve(TestDatabase(proxy.conninfo, embedded=True, name=database.name), tmp_path)


def while_waiting(ask: Callable[[], Answer], healthy: Callable[[], Answer]) -> tuple[Answer, int]:
    """The answer to a request, and how often somebody else was answered that the process is alive before it came."""
    with ThreadPoolExecutor(1) as client:
        waiting, alive = client.submit(ask), 0
        while not waiting.done():
            done(healthy())
            alive += not waiting.done()
        return waiting.result(), alive


def test_while_the_network_is_silent_commands_answer_503_in_time_and_work_when_it_talks(
    behind: RunningDesk, proxy: Proxy
) -> None:
    number = behind.log()["number"]
    note, healthz = (f"/cases/{number}/notes", {"text": "x"}), behind.anonymous()
    done(behind.technician.post(*note))
    proxy.fall_silent()
    for _ in range(2):  # the connections that were open, and then those that are made anew
        began = time.monotonic()
        answer, alive = while_waiting(lambda: behind.technician.post(*note), lambda: healthz.get("/healthz"))
        assert time.monotonic() - began < 10
        refused(answer, 503, "unavailable")
        assert alive > 10
    proxy.talk()
    done(behind.technician.post(*note))


def test_commands_on_their_way_when_the_network_falls_silent_are_answered_in_time(
    behind: RunningDesk, proxy: Proxy
) -> None:
    """More of them than there are threads: none waits for the end of another's wait."""
    number, clients = behind.log()["number"], 60
    ready = threading.Barrier(clients + 1)

    def ask(_: int) -> tuple[int, float]:
        with httpx.Client(base_url=behind.url, headers=behind.technician.http.headers, timeout=30) as http:
            http.get("/healthz")
            ready.wait(60)
            began = time.monotonic()
            status = http.post(f"/cases/{number}/notes", json={"text": "x"}).status_code
            return status, time.monotonic() - began

    with ThreadPoolExecutor(clients) as pool:
        asked = [pool.submit(ask, index) for index in range(clients)]
        proxy.fall_silent()
        ready.wait(60)
        answers = [each.result() for each in asked]
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 15, "10 s, and what a loaded machine takes for 60 clients"
    proxy.talk()
    done(behind.technician.post(f"/cases/{number}/notes", {"text": "x"}))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the test's own projector
def test_while_the_database_is_away_the_process_is_alive_and_refuses(behind: RunningDesk, proxy: Proxy) -> None:
    number, healthz = behind.log()["number"], behind.anonymous()
    proxy.fall_silent()
    proxy.cut()
    for ask in (
        lambda: behind.technician.get(f"/cases/{number}"),
        lambda: behind.technician.get("/queues"),
        lambda: behind.technician.post(f"/cases/{number}/notes", {"text": "x"}),
    ):
        answer, alive = while_waiting(ask, lambda: healthz.get("/healthz"))
        refused(answer, 503, "unavailable")
        assert alive
    proxy.talk()
    done(behind.technician.get(f"/cases/{number}"))


def test_after_a_restart_of_the_database_nobody_is_refused(running: RunningDesk, database: TestDatabase) -> None:
    """Every connection of the process has died at once."""
    number = running.log()["number"]
    with ThreadPoolExecutor(8) as clients:  # so that the pools have several connections
        assert all(map(done, clients.map(lambda _: running.technician.get(f"/cases/{number}"), range(40))))
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND usename = 'desk_api'",
            (database.name,),
        )
    for _ in range(20):
        done(running.technician.get(f"/cases/{number}"))
        done(running.technician.get("/queues"))
        done(running.technician.post(f"/cases/{number}/notes", {"text": "x"}))


def test_a_silent_identity_provider_holds_up_only_whom_it_must_vouch_for(
    database: TestDatabase, tmp_path: Path
) -> None:
    token = jwt.encode(claims(), Ed25519PrivateKey.generate(), "EdDSA", {"typ": ACCESS, "kid": "theirs"})
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        served(database, tmp_path, jwks_url=f"http://127.0.0.1:{silent.getsockname()[1]}/jwks") as desk,
    ):
        stranger, healthz = desk.anonymous(token), desk.anonymous()
        answer, alive = while_waiting(lambda: stranger.get("/cases"), lambda: healthz.get("/healthz"))
        assert alive > 10
        for refusal in (answer, stranger.get("/events"), stranger.get("/queues")):
            assert "identity provider" in refused(refusal, 503, "unavailable")["detail"]


def test_an_error_that_nobody_caught_is_counted_and_logged(
    running: RunningDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_: object) -> NoReturn:
        raise RuntimeError("nobody thought of this")

    def uncaught(metrics: str) -> list[float]:
        ours = r'caseledger_(uncaught_errors_total{where="http"}|http_requests_total{.*route="/queues",status="500"})'
        lines = [line for line in metrics.splitlines() if re.match(ours, line)]
        return [float(line.rpartition(" ")[2]) for line in lines]

    metrics = running.anonymous()
    before = uncaught(metrics.get("/metrics").text)
    monkeypatch.setattr(ListView, "queues", fail)
    refused(running.technician.get("/queues"), 500, "internal-error")
    assert sum(uncaught(metrics.get("/metrics").text)) == sum(before) + 2
    assert "nobody thought of this" in "".join(capsys.readouterr())
