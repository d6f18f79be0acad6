"""HTTP requests to parties outside: bounded in time and size, never redirected, cancelled when the process stops."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

_LARGEST = 65_536
"""Most bytes of a response; a timestamp with a chain of certificates has about 10,000."""


class NotHeld(Exception):
    """A checkpoint did not reach a place outside. It will be tried again."""


class Contradicted(NotHeld):
    """Somebody outside holds a checkpoint that this log does not continue: an alarm, not a failure."""


@dataclass(frozen=True)
class Answer:
    """A server's response."""

    status: int
    kind: str
    """The content type, without parameters."""
    body: bytes


Post = Callable[[str, bytes, str], Answer]
"""Sends a body of a content type to a URL. Raises NotHeld without a response."""


def web_address(url: str) -> SplitResult:
    """The parts of an http or https URL without credentials. Raises ValueError for any other URL."""
    parts, shown = urlsplit(url), url.rpartition("@")[2]  # no password in the message
    if not (url.isascii() and url.isprintable() and " " not in url) or parts.scheme not in ("http", "https"):
        raise ValueError(f"{shown!r} is no http:// or https:// address")
    if not parts.hostname or parts.username is not None or parts.fragment or parts.port == 0:
        raise ValueError(
            f"{shown!r}: an http:// or https:// address must name a host, and neither a user nor a fragment"
        )
    return parts


class HttpClient:
    """Makes one request at a time, each within ``timeout`` seconds in all. Any thread may call `hang_up`."""

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._stopped = False

    def post(self, url: str, body: bytes, kind: str) -> Answer:
        """Send a body and return the response, whatever its status. Raises NotHeld."""
        parts = web_address(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with self._connected(parts) as connection:
                connection.request("POST", target, body, {"Content-Type": kind, "User-Agent": "caseledger"})
                response = connection.getresponse()
                content = response.read(_LARGEST + 1)
        except (HTTPException, OSError) as error:
            raise NotHeld(f"{parts.netloc}: {error or type(error).__name__}") from error
        if len(content) > _LARGEST:
            raise NotHeld(f"{parts.netloc}: an answer of more than {_LARGEST} bytes")
        if response.length:
            raise NotHeld(f"{parts.netloc}: its answer was cut short")
        return Answer(response.status, (response.getheader("Content-Type") or "").partition(";")[0].strip(), content)

    def hang_up(self) -> None:
        """Cancel the request under way, and make no more."""
        self._stopped = True
        self._cut()

    @contextmanager
    def _connected(self, parts: SplitResult) -> Iterator[HTTPConnection]:
        make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = make(parts.hostname or "", parts.port, timeout=self._timeout)
        with self._lock:
            self._connection = connection
        # The socket's timeout is for each of its waits: a server that sends byte by byte would hold us for ever.
        limit = threading.Timer(self._timeout, self._cut)
        limit.start()
        try:
            connection.connect()
            if self._stopped:
                raise ConnectionAbortedError("stopping")
            yield connection
        finally:
            limit.cancel()
            with self._lock:
                self._connection = None
            connection.close()

    def _cut(self) -> None:
        with self._lock:
            if self._connection is not None and self._connection.sock is not None:
                with suppress(OSError):  # not through TLS: only the reading thread may shut that down
                    socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)
