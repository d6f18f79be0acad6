"""What comes in: found at once or by FastAPI, answered in time, counted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from api.http import problems
from api.http.entrance import deadline
from api.http.entrance.deadline import ANSWER, LONG, BodyComing, CallerLookup, Deadline, allow, in_thread
from api.http.entrance.door import Entrance
from api.http.entrance.protocol import Gathered
from api.http.metrics import Metrics
from api.http.problems import Problem
from application.faults import FAULTS
from domain.errors import NotFound

Message = MutableMapping[str, Any]
Handler = Callable[..., Awaitable[Response]]


def entered(handle: Handler, path: str = "/cases/{number}", *, logs_requests: bool = False) -> tuple[Entrance, Metrics]:
    """An application with one route, which is direct."""
    app, metrics = FastAPI(), Metrics()
    app.add_api_route(path, handle, methods=["GET"], response_class=Response)
    problems.install(app)
    direct = {("GET", path): (app.routes[-1], handle)}
    return Entrance(app, metrics, direct, ("/secret",), logs_requests=logs_requests), metrics


def ask(app: Entrance, path: str, query: bytes = b"", method: str = "GET") -> list[Message]:
    """The messages of an answer."""
    said = list[Message]()

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": query}
    asyncio.run(app(scope, receive, send))
    return said


def counted(metrics: Metrics, status: int, method: str = "GET") -> float | None:
    labels = {"method": method, "route": "/cases/{number}", "status": str(status)}
    return metrics.registry.get_sample_value("caseledger_http_requests_total", labels)


async def read(request: Request, number: str) -> Response:
    return Response(f"{number} {request.url.query}")


@pytest.mark.parametrize("query", [b"", b"x=1"])
def test_a_direct_route_answers_as_it_does_by_fastapi(query: bytes) -> None:
    app, metrics = entered(read)
    start, body = ask(app, "/cases/INC-0000001", query)
    assert (start["status"], body["body"]) == (200, b"INC-0000001 " + query)
    assert counted(metrics, 200) == 1


@pytest.mark.parametrize("path", ["/cases/", "/cases/1/2", "/cases", "//cases/1", "/x/1"])
def test_a_path_of_no_route_is_found_by_nobody(path: str) -> None:
    assert ask(entered(read)[0], path)[0]["status"] == 404


@pytest.mark.parametrize("query", [b"", b"x=1"])
def test_a_refusal_is_a_problem_by_both_ways(query: bytes) -> None:
    async def refuse(request: Request, number: str) -> Response:
        raise NotFound(f"there is no case {number}")

    start, body = ask(entered(refuse)[0], "/cases/INC-0000001", query)
    assert start["status"] == 404
    assert msgspec.json.decode(body["body"])["detail"] == "there is no case INC-0000001"


@pytest.mark.parametrize("query", [b"", b"x=1"])
def test_an_answer_that_does_not_begin_in_time_is_503_and_counted(
    query: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(request: Request, number: str) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(deadline, "ANSWER", 0.01)
    app, metrics = entered(wait)
    start, body = ask(app, "/cases/INC-0000001", query)
    assert start["status"] == 503
    assert msgspec.json.decode(body["body"])["type"].endswith("/unavailable")
    assert counted(metrics, 503) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", [b"", b"x=1"])
def test_an_error_that_nobody_expected_is_counted_and_answered(query: bytes, method: str) -> None:
    async def fail(request: Request, number: str) -> Response:
        raise RuntimeError("nobody thought of this")

    app, metrics = entered(fail)
    before = FAULTS.counts().get("http", 0)
    start, body = ask(app, "/cases/INC-0000001", query, method)  # and tells the server nothing, which would hang up
    assert start["status"] == 500
    if method == "GET":
        assert msgspec.json.decode(body["body"])["type"].endswith("/internal-error")
    assert counted(metrics, 500, method) == 1
    assert FAULTS.counts()["http"] == before + 1


def test_an_answer_that_breaks_off_ends_its_connection() -> None:
    class Half(Response):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half of ", "more_body": True})
            raise RuntimeError("nobody thought of this")

    async def break_off(request: Request, number: str) -> Response:
        return Half()

    with pytest.raises(RuntimeError):  # which the server hears
        ask(entered(break_off)[0], "/cases/INC-0000001", b"x=1")


def test_head_has_no_body_and_a_secret_page_is_kept_by_nobody() -> None:
    async def show(request: Request) -> Response:
        return Response("secret")

    start, *bodies = ask(entered(show, "/secret")[0], "/secret", method="HEAD")
    assert [each["body"] for each in bodies] == [b""]
    assert (b"cache-control", b"no-store") in start["headers"]


def test_the_deadline_stands_still_while_a_body_comes_and_moves_on_for_what_takes_long() -> None:
    async def request() -> None:
        with Deadline() as end:
            assert end.left() == pytest.approx(ANSWER, abs=5)
            with BodyComing(None):
                assert end.left() is None
            assert end.left() == pytest.approx(ANSWER, abs=5)
            await in_thread(list)
            assert end.left() == pytest.approx(LONG, abs=5)
            await CallerLookup().look(list)
            assert end.left() == pytest.approx(ANSWER, abs=5)
            end.lift()
            allow(LONG)
            assert end.left() is None, "an answer that has begun takes as long as its reader"

    asyncio.run(request())


def test_a_body_has_its_own_time_and_the_deadline_begins_anew_after_it() -> None:
    async def request() -> str:
        with Deadline() as end:
            with pytest.raises(TimeoutError), BodyComing(0.01):
                await asyncio.Event().wait()
            assert end.left() == pytest.approx(ANSWER, abs=5)
            end.allow(0.01)
            await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Problem) as late:
        asyncio.run(request())
    assert late.value.slug == "unavailable"


def test_a_deadline_that_is_put_off_ends_later_and_a_cancellation_is_no_deadline() -> None:
    async def request() -> float:
        with Deadline() as end:
            end.allow(0.01)
            end.allow(0.03)
            began = end.left() or 0
            await asyncio.sleep(0.015)
            return began - (end.left() or 0)

    assert asyncio.run(request()) >= 0.015

    async def cancelled() -> None:
        with Deadline():
            await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.create_task(cancelled())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


class _Socket:
    """What a transport writes to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.written.append(b"closed")


def test_what_is_written_at_one_moment_leaves_in_one_write() -> None:
    async def answered() -> list[bytes]:
        socket: Any = _Socket()
        transport = Gathered(socket, asyncio.get_running_loop())
        transport.write(b"head ")
        transport.write(b"body")
        await asyncio.sleep(0)
        transport.write(b"more")
        transport.close()
        await asyncio.sleep(0)
        return socket.written

    assert asyncio.run(answered()) == [b"head body", b"more", b"closed"]


def test_a_head_is_counted_by_its_route_as_any_other() -> None:
    app, metrics = entered(read)
    ask(app, "/cases/INC-0000001", method="HEAD")
    labels = {"method": "HEAD", "route": "/cases/{number}", "status": "200"}
    assert metrics.registry.get_sample_value("caseledger_http_requests_total", labels) == 1


@pytest.mark.parametrize("wanted", [True, False])
def test_requests_are_logged_where_that_is_wanted_and_without_the_keys_of_links(wanted: bool) -> None:
    app, _ = entered(read, "/disputes/{number}", logs_requests=wanted)
    with capture_logs() as logged:
        ask(app, "/disputes/eyJhbGciOiJFZERTQSJ9")
    assert len(logged) == wanted
    for line in logged:
        assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
        assert (line["path"], line["route"]) == ("/disputes/...", "/disputes/{number}")
        assert line["milliseconds"] >= 0
        assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
