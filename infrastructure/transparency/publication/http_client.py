"""Requests to parties outside: bounded in time and in size, never redirected, given up at once when we stop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

_LARGEST = 65_536
"""Bytes of an answer; a timestamp with a chain of certificates has about 10,000."""


class NotHeld(Exception):
    """A checkpoint did not get to where it is to be held outside; it will be tried again."""


class Contradicted(NotHeld):
    """Somebody outside holds what this log is no continuation of: an alarm, not a failure."""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    kind: str
    """Its content type, without parameters."""
    body: bytes


Post = Callable[[str, bytes, str], Answer]
"""Sends to an address a body of a content type. Raises NotHeld when there is no answer."""


def web_address(url: str) -> SplitResult:
    """An address that requests may go to: http or https, nobody's password in it. Raises ValueError."""
    parts = urlsplit(url)
    if not (url.isascii() and url.isprintable() and " " not in url) or parts.scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is no http:// or https:// address")
    if not parts.hostname or parts.username is not None or parts.fragment or parts.port == 0:
        raise ValueError(f"{url!r} must name a host, and neither a user nor a fragment")
    return parts


class Courier:
    """Carries one request at a time, each for at most so many seconds in all. Its `hang_up` may come from any thread."""

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._stopped = False

    def post(self, url: str, body: bytes, kind: str) -> Answer:
        """Send and hear the answer, whatever its status. Raises NotHeld."""
        parts = web_address(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with self._connected(parts) as connection:
                connection.request("POST", target, body, {"Content-Type": kind, "User-Agent": "caseledger"})
                response = connection.getresponse()
                said = response.read(_LARGEST + 1)
        except (HTTPException, OSError) as error:
            raise NotHeld(f"{parts.netloc}: {error or type(error).__name__}") from error
        if len(said) > _LARGEST:
            raise NotHeld(f"{parts.netloc}: an answer of more than {_LARGEST} bytes")
        if response.length:
            raise NotHeld(f"{parts.netloc}: its answer was cut short")
        return Answer(response.status, (response.getheader("Content-Type") or "").partition(";")[0].strip(), said)

    def hang_up(self) -> None:
        """End what is going on, and begin nothing more."""
        self._stopped = True
        self._cut()

    @contextmanager
    def _connected(self, parts: SplitResult) -> Iterator[HTTPConnection]:
        make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = make(parts.hostname or "", parts.port, timeout=self._timeout)
        with self._lock:
            self._connection = connection
        # A timeout of the socket is one for each of its waits: a server that drips would hold us for ever.
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
                with suppress(OSError):  # below TLS: its own shutdown belongs to the thread that reads
                    socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)
