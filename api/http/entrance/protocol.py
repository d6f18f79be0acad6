"""uvicorn's HTTP protocol. It sends head and body of an answer in one write: a write is a tenth of what a command costs.

It bounds what uvicorn does not: how many connections there are, and how long one may take to send the head of a request.
"""

from __future__ import annotations

import asyncio
from operator import itemgetter
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.http.problems import BASE, TITLES

CONNECTIONS = 800
"""Connections of one process. Together with those to the database they fit into the 1,024 files that a process may open."""
HEAD = 30.0
"""Seconds that the head of a request may take to arrive, from the first byte or from the connection's begin."""
IDLE = 150
"""Seconds that a connection may wait for its next request: more than reverse proxies keep one (nginx 60, Caddy 120). Whoever
ends a connection may meet a request that is under way on it. The caller's side knows that it sends none; ours does not."""
_REFUSAL = msgspec.json.encode(
    {
        "type": f"{BASE}unavailable",
        "title": TITLES["unavailable"][1],
        "status": 503,
        "detail": "too many connections; come again",
    }
)
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
)


class Gathered:
    """A transport that gathers what is written at one moment."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write it with whatever else is written before the event loop goes on."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Write what is gathered, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """The protocol of one connection."""

    _waiting: asyncio.TimerHandle | None = None
    """Ends a connection whose next head does not come."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.timeout_keep_alive = IDLE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathered(transport, self.loop))  # type: ignore[arg-type]
        if len(self.connections) > CONNECTIONS and not self._take_place_of_idle():
            transport.write(_FULL)
            transport.close()
        else:
            self._expect_head()

    def _take_place_of_idle(self) -> bool:
        """End the connection that has been idle for longest. False where each has a request, or has not had one yet."""
        ours = [other for other in self.connections if isinstance(other, Protocol)]
        idle = [(timer.when(), other) for other in ours if (timer := other.timeout_keep_alive_task) is not None]
        if idle:
            min(idle, key=itemgetter(0))[1].shutdown()
        return bool(idle)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():  # it was refused
            return
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.cycle is not None and not self.cycle.response_complete:  # it comes behind one that is not answered yet
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._expect_nothing()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEAD, self.shutdown)  # after the answer that is under way

    def _expect_nothing(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
