"""More requests than places: who waits, who is told to come again, and what is answered all the same."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import httpx
import psycopg
import pytest

from api.http.entrance import door, protocol
from api.http.entrance.places import Places, Rank, Share
from domain.values import Role
from tests.acceptance.conftest import RunningDesk, Serve, done, refused
from tests.acceptance.mail.workers import APPEND
from tests.conftest import TestDatabase

SMALL = dict.fromkeys(Rank, Share(1, 1))


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    """One place, and one in each line; nobody there loses patience."""
    made = Places(SMALL, at_once=1, patience=60)
    monkeypatch.setattr(door, "Places", lambda: made)
    return made


@pytest.fixture
def desk(places: Places, serve: Serve, database: TestDatabase, tmp_path: Path) -> RunningDesk:
    return serve(database, tmp_path)


@contextmanager
def stalled(database: TestDatabase) -> Iterator[None]:
    """The database commits nothing."""
    with psycopg.connect(database.superuser, autocommit=True) as holding:
        holding.execute("SELECT pg_advisory_lock(%s)", (APPEND,))
        yield


def until_waiting(places: Places, rank: Rank) -> None:
    while not places.waiting(rank):
        Event().wait(0.01)


def test_while_the_database_stalls_lines_are_bounded_and_what_must_be_answered_is(
    desk: RunningDesk, places: Places, database: TestDatabase
) -> None:
    number, machine = desk.log()["number"], desk.caller(Role.INTAKE, "monitoring")
    note = (f"/cases/{number}/notes", {"text": "x"})
    done(desk.technician.post(*note))
    refused(machine.post(*note), 403, "forbidden")  # from now on memory knows whose token it is
    with ThreadPoolExecutor(3) as clients:
        with stalled(database):
            first = clients.submit(desk.technician.post, *note)
            second = clients.submit(desk.technician.post, *note)
            until_waiting(places, Rank.CASES)
            third = clients.submit(machine.post, "/cases", {})
            until_waiting(places, Rank.OUTSIDE)
            for caller in (desk.network, machine):
                answer = caller.post(*note)
                assert "too many requests at once" in refused(answer, 503, "unavailable")["detail"]
                assert answer.headers["Retry-After"] == "1"
            assert desk.anonymous().get("/healthz").status_code == 200
            assert desk.anonymous().get("/readyz").status_code == 200
        done(first.result())
        done(second.result())
        assert third.result().status_code == 422, "it was looked at after them"
    done(desk.technician.post(*note))


def test_a_body_that_does_not_come_holds_no_place(desk: RunningDesk) -> None:
    host, port = desk.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /cases HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        number = desk.log()["number"]
        done(desk.technician.post(f"/cases/{number}/notes", {"text": "x"}))


def test_connections_are_bounded(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.technician.http.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as working:
        parts = working.iter_raw()
        next(parts)
        with monkeypatch.context() as full:
            full.setattr(protocol, "CONNECTIONS", 0)
            with httpx.Client(base_url=desk.url) as another:
                answer = another.get("/healthz")
        assert "too many connections" in refused_early(answer)["detail"]
        assert (answer.headers["Retry-After"], answer.headers["Connection"]) == ("1", "close")
        desk.log()
        next(parts)  # who was there before goes on


def test_the_connection_that_is_idle_for_longest_makes_room(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = desk.url.removeprefix("http://").split(":")
    with ExitStack() as opened:
        first, second, third = (opened.enter_context(closing(HTTPConnection(host, int(port)))) for _ in range(3))
        for each in (first, second):
            assert healthy(each)
        monkeypatch.setattr(protocol, "CONNECTIONS", 2)
        assert healthy(third)
        assert first.sock.recv(1) == b"", "it was ended"
        assert healthy(second)


def healthy(connection: HTTPConnection) -> bool:
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


def refused_early(answer: httpx.Response) -> dict[str, str]:
    problem: dict[str, str] = answer.json()
    assert (answer.status_code, problem["type"].rpartition("/")[2]) == (503, "unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    return problem


@pytest.mark.parametrize("sent", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /he"])
def test_a_head_that_does_not_come_ends_the_connection(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD", 0.05)
    host, port = desk.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as slow:
        slow.sendall(sent)
        while slow.recv(4096):
            pass
