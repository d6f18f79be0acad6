"""Carries messages to the receivers of webhooks over HTTP: bounded in time and size, never redirected."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpcore

from application.processes.webhook_lanes import Reply
from infrastructure.webhooks.addresses import AddressRefused, GuardedNetwork
from infrastructure.webhooks.networks import Network

_LARGEST = 65_536
"""Bytes of an answer that are read, so that its connection can be used again. Nothing of it is kept."""
_IDLE = 30.0
"""Seconds that a connection is kept for the next message."""
_LONGEST_PAUSE = timedelta(days=1)
"""The longest pause that a receiver may ask for."""


class HttpCarrier:
    """Implements `application.processes.webhook_lanes.Carrier`."""

    def __init__(self, pools: dict[str, httpcore.AsyncConnectionPool], timeout: float) -> None:
        self._pools, self._timeout = pools, timeout

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """Send one message and return what became of it. The answer must come within the time in all."""
        began = time.monotonic()
        status, error, pause = None, None, timedelta()
        try:
            async with asyncio.timeout(self._timeout):
                status, pause = await self._post(url, headers, body)
        except (TimeoutError, httpcore.TimeoutException):
            error = "timeout"
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            ValueError,
        ) as failure:
            error = _kind(failure)
        if status is not None and 300 <= status < 400:
            error = "redirect"
        return Reply(int(1000 * (time.monotonic() - began)), status, error, pause)

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, timedelta]:
        pool = self._pools[url.partition(":")[0].lower()]
        sent = [*headers.items(), ("user-agent", "caseledger")]
        async with pool.stream("POST", url, headers=sent, content=body) as response:
            read = 0
            async for piece in response.aiter_stream():
                read += len(piece)
                if read > _LARGEST:
                    break
        asked = {name.lower(): value for name, value in response.headers}.get(b"retry-after")
        return response.status, _pause(asked.decode("latin-1") if asked else "")


@asynccontextmanager
async def open_carrier(
    networks: Sequence[Network],
    seconds: float,
    ca_file: Path | None,
) -> AsyncIterator[HttpCarrier]:
    """The client with its connections. Plain HTTP goes only to ``networks``, HTTPS to public addresses too. Each message may take ``seconds``."""
    trusted = ssl.create_default_context(cafile=ca_file)
    async with (
        _pool(GuardedNetwork(networks, public=True), trusted) as https,
        _pool(GuardedNetwork(networks, public=False)) as http,
    ):
        yield HttpCarrier({"https": https, "http": http}, seconds)


def _pool(network: GuardedNetwork, trusted: ssl.SSLContext | None = None) -> httpcore.AsyncConnectionPool:
    # As many connections as there are lanes: a slow receiver takes nobody's place.
    return httpcore.AsyncConnectionPool(trusted, max_connections=None, keepalive_expiry=_IDLE, network_backend=network)


def _kind(failure: Exception) -> str:
    """The kind of a failure. Its text may name an address, and is not kept."""
    causes = (failure, failure.__cause__, failure.__context__)
    kinds: dict[str, type[Exception]] = {
        "address": AddressRefused,
        "dns": socket.gaierror,
        "tls": ssl.SSLError,
        "connect": httpcore.ConnectError,
        "protocol": httpcore.ProtocolError,
    }
    found = (kind for kind, error in kinds.items() if any(isinstance(cause, error) for cause in causes))
    return next(found, "network" if isinstance(failure, (httpcore.NetworkError, OSError)) else "address")


def _pause(retry_after: str) -> timedelta:
    """The pause that a receiver asks for: seconds or a date (RFC 9110, 10.2.3)."""
    try:
        pause = (
            timedelta(seconds=int(retry_after))
            if retry_after.isdecimal()
            else parsedate_to_datetime(retry_after) - datetime.now(UTC)
        )
    except (ValueError, TypeError, OverflowError):
        return timedelta()
    return min(max(pause, timedelta()), _LONGEST_PAUSE)
