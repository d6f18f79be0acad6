"""The door of the application: every request comes in here, and the routes that take most of them are found at once."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.http.confidential import keep_confidential
from api.http.entrance.deadline import Deadline
from api.http.metrics import Metrics
from api.http.problems import Problem, respond, response_of

Handler = Callable[..., Awaitable[Response]]
"""Answers a request. It is called with the request and the parameters of its path."""
Key = tuple[str, str]
"""A method and the path of a route, such as `/cases/{number}/triage`."""
_NO_BODY = {"type": "http.response.body", "body": b"", "more_body": False}


class _Answer:
    """An answer on its way out."""

    def __init__(self, scope: Scope, send: Send, metrics: Metrics, deadline: Deadline, confidential: bool) -> None:
        self._scope, self._send, self._metrics = scope, send, metrics
        self._deadline, self._confidential = deadline, confidential
        self._came, self._bodiless, self._ended = time.perf_counter(), scope["method"] == "HEAD", False
        self.begun = False

    async def send(self, message: Message) -> None:
        """Send a part of it."""
        if message["type"] == "http.response.start":
            self._deadline.lift()
            self._count(message["status"])
            if self._confidential:
                keep_confidential(message)
        elif self._bodiless:
            if self._ended:
                return
            self._ended, message = True, _NO_BODY
        await self._send(message)

    def _count(self, status: int) -> None:
        """Count it, by the template of its route."""
        self.begun, route = True, getattr(self._scope.get("route"), "path", "none")
        self._metrics.count(self._scope["method"], route, status, time.perf_counter() - self._came)


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
    """Counts and times requests, ends those that take too long, answers HEAD, and keeps some answers confidential.

    ``direct`` are the routes that need nothing of FastAPI's, nor of its layers. A request to one of them with a query goes
    FastAPI's way.
    """

    def __init__(
        self,
        app: FastAPI,
        metrics: Metrics,
        direct: Mapping[Key, tuple[Any, Handler]],
        confidential: tuple[str, ...],
    ) -> None:
        self.app, self._metrics, self._direct, self._confidential = app, metrics, direct, confidential

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # HEAD is GET without a body (RFC 9110, 9.3.2), for every route alike.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        asked["app"] = self.app
        deadline = Deadline()
        answer = _Answer(scope, send, self._metrics, deadline, scope["path"].startswith(self._confidential))
        try:
            with deadline:
                await self._answer(asked, receive, answer.send)
        except Problem as late:
            if answer.begun:
                raise
            await respond(Request(asked), late)(asked, receive, answer.send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, parameters = _route_of(scope["path"])
        found = None if scope["query_string"] or scope.get("root_path") else self._direct.get((scope["method"], path))
        if found is None:
            await self.app(scope, receive, send)
            return
        scope["route"], handle = found
        scope["path_params"] = parameters
        request = _Request(scope, receive, send)
        response = await response_of(request, handle(request, **parameters))
        await response(scope, receive, send)


def _route_of(path: str) -> tuple[str, dict[str, str]]:
    """The path of the route that a path may be of, and its parameter: the second segment is a number."""
    parts = path.split("/", 3)
    if len(parts) < 3 or not parts[2]:
        return path, {}
    number, parts[2] = parts[2], "{number}"
    return "/".join(parts), {"number": number}
