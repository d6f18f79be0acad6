"""The door of the application: every request comes in here, and the routes that take most of them are found at once."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from opentelemetry.trace import Span
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.http.confidential import keep_confidential
from api.http.entrance.deadline import Deadline
from api.http.entrance.places import Place, Places, Rank, place, rank_of
from api.http.metrics import Metrics
from api.http.problems import Problem, logged_path, respond, response_of, trace_of
from application import tracing
from application.execution.principals import Principal
from domain.values import Role

log = structlog.get_logger()
Handler = Callable[..., Awaitable[Response]]
"""Answers a request. It is called with the request and the parameters of its path."""
Key = tuple[str, str]
"""A method and the path of a route, such as `/cases/{number}/triage`."""
_RANKS = {Role.INTAKE: Rank.OUTSIDE, Role.CUSTOMER: Rank.OUTSIDE, Role.REPORTER: Rank.REPORTS}
_VARIABLE = re.compile(r"\{\w+(:\w+)?\}")
_NO_BODY = {"type": "http.response.body", "body": b"", "more_body": False}


class _Answer:
    """An answer on its way out."""

    def __init__(
        self,
        scope: Scope,
        method: str,
        send: Send,
        metrics: Metrics,
        deadline: Deadline,
        confidential: bool,
        place: Place | None,
        *,
        is_logged: bool,
        span: Span | None,
    ) -> None:
        self._span = span
        self._scope, self._send, self._metrics, self._is_logged = scope, send, metrics, is_logged
        self._method = method
        self._deadline, self._confidential, self._place = deadline, confidential, place
        self._came, self._bodiless, self._ended = time.perf_counter(), method == "HEAD", False
        self.begun = self.complete = False

    async def send(self, message: Message) -> None:
        """Send a part of it."""
        if message["type"] == "http.response.start":
            self._deadline.lift()
            if self._place is not None:
                self._place.end()
            self._count(message["status"])
            if self._confidential:
                keep_confidential(message)
        elif self._bodiless:
            if self._ended:
                return
            self._ended, message = True, _NO_BODY
        await self._send(message)
        self.complete = message["type"] == "http.response.body" and not message.get("more_body", False)

    def _count(self, status: int) -> None:
        """Count it, by the template of its route; describe its span, and log it, where the operator wants that."""
        self.begun, route = True, getattr(self._scope.get("route"), "path", "none")
        seconds = time.perf_counter() - self._came
        self._metrics.count(self._method, route, status, seconds)
        if self._span is not None:
            tracing.describe(self._span, self._method, route, status)
        if self._is_logged:
            request = Request(self._scope)
            log.info(
                "request",
                method=self._method,
                path=logged_path(request),
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                trace_id=trace_of(request),
            )


class _Headers(Headers):
    """The headers of a request, decoded once: a command looks for eight of them. Of two of a name the first counts."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self._list)}

    def get(self, key: str, default: Any = None) -> Any:
        return self._first.get(key.lower(), default)


class _Request(Request):
    """A request to a direct route."""

    @cached_property
    def headers(self) -> Headers:
        return _Headers(self.scope)


class Entrance:
    """Admits requests, counts and times them, ends those that take too long, answers HEAD, keeps some answers confidential.

    ``direct`` are the routes that need nothing of FastAPI's, nor of its layers. A request to one of them with a query goes
    FastAPI's way.
    """

    def __init__(
        self,
        app: FastAPI,
        metrics: Metrics,
        direct: Mapping[Key, tuple[Any, Handler]],
        confidential: tuple[str, ...],
        places: Places | None = None,
        *,
        logs_requests: bool = False,
    ) -> None:
        self._logs_requests = logs_requests
        self.app, self._metrics, self._confidential = app, metrics, confidential
        self._direct = {(method, _VARIABLE.sub("{}", path)): each for (method, path), each in direct.items()}
        self._fixed = frozenset(path for each in app.routes if "{" not in (path := getattr(each, "path", "")))
        """Paths of routes that take no parameter: they go before those that do."""
        self._places = places or Places()
        metrics.watch(self._places.figures)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif tracing.is_on():
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            with tracing.request(headers) as span:
                await self._admit(scope, receive, send, span)
        else:
            await self._admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send, span: Span | None = None) -> None:
        # HEAD is GET without a body (RFC 9110, 9.3.2), for every route alike.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        asked["app"] = self.app
        path, segment = (asked["path"], "") if asked["path"] in self._fixed else _route_of(asked["path"])
        simple = not asked["query_string"] and not asked.get("root_path")
        direct = self._direct.get((asked["method"], path)) if simple else None
        if direct is not None:
            asked["route"] = direct[0]
        deadline, mine = Deadline(), self._place(asked, is_direct=direct is not None)
        hidden, logged = asked["path"].startswith(self._confidential), self._logs_requests
        answer = _Answer(
            asked, scope["method"], send, self._metrics, deadline, hidden, mine, is_logged=logged, span=span
        )
        held = place.set(mine)
        try:
            with deadline:
                if mine is not None:
                    if _has_body(asked):
                        receive = _taking(receive, mine)
                    else:
                        await mine.take()
                if direct is None:
                    await self.app(asked, receive, answer.send)
                else:
                    response = await _answer(direct, _Request(asked, receive, answer.send), segment)
                    await response(asked, receive, answer.send)
        except Problem as refused:
            if answer.begun:
                raise
            await respond(Request(asked), refused)(asked, receive, answer.send)
        except Exception:
            # Starlette answers an error, and raises it again. The server would then close the connection, which the answer
            # does not announce: the caller's next request, under way on it, would be lost.
            if not answer.complete:
                raise
        finally:
            place.reset(held)
            if mine is not None:
                mine.end()

    def _place(self, scope: Scope, *, is_direct: bool) -> Place | None:
        """The place that a request needs: by its path, and by the role of its caller where memory knows it."""
        rank = rank_of(scope["path"], direct=is_direct)
        if rank is None:
            return None
        if rank < Rank.OUTSIDE and (context := getattr(self.app.state, "context", None)) is not None:
            rank = max(rank, _rank_of_caller(scope, context.remembered))
        return Place(self._places, rank)


async def _answer(direct: tuple[Any, Handler], request: Request, segment: str) -> Response:
    """The answer of a direct route."""
    parameters = dict.fromkeys(direct[0].param_convertors, segment)
    request.scope["path_params"] = parameters
    return await response_of(request, direct[1](request, **parameters))


def _rank_of_caller(scope: Scope, remembered: Callable[[str], Principal | None]) -> Rank:
    """Machines and reporters come after staff, whatever they ask for."""
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    token = given[7:].decode("latin-1")
    if token.startswith("clk_"):
        return Rank.OUTSIDE
    known = remembered(token) if token else None
    return _RANKS.get(known.roles[0], Rank.CASES) if known is not None and known.roles else Rank.CASES


def _has_body(scope: Scope) -> bool:
    return scope["method"] != "GET" and any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _taking(receive: Receive, mine: Place) -> Receive:
    """Receives a body, and takes the request's place when it is complete."""
    waiting = True

    async def received() -> Message:
        nonlocal waiting
        message = await receive()
        if waiting and not message.get("more_body", False):
            waiting = False
            await mine.take()
        return message

    return received


def _route_of(path: str) -> tuple[str, str]:
    """The path of the route that a path may be of, and its parameter: the second segment, or the third of a page."""
    parts = path.split("/", 4)
    place = 3 if parts[1:2] == ["ui"] else 2
    if len(parts) <= place or not parts[place]:
        return path, ""
    segment, parts[place] = parts[place], "{}"
    return "/".join(parts), segment
