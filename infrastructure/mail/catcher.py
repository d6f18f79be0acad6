"""A mail server that keeps every message and delivers none, for demonstrations and tests (aiosmtpd)."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cached_property
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from anyio.from_thread import start_blocking_portal

from domain.clock import Clock, SystemClock

_KEPT = 500
_KEPT_BYTES = 100 * 2**20
SIZE_LIMIT = 30 * 2**20
"""Most bytes of a message (RFC 1870). The reply to a larger one is 552."""


@dataclass(frozen=True)
class Caught:
    """A message as it arrived."""

    id: int
    """Counted from 1 in order of arrival."""
    received_at: datetime
    envelope_from: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    raw: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        """The message as a MIME structure."""
        return message_from_bytes(self.raw, policy=default)

    @property
    def text(self) -> str:
        """The plain text part, or an empty string."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part, or an empty string. A stranger wrote it: show it only in a sandbox."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.parsed.get_body((kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content()).replace("\r\n", "\n")
        except LookupError:  # an unknown character set
            return bytes(part.get_payload(decode=True)).decode("ascii", "replace")


class Catcher:
    """The caught messages: the last 500 or 100 MiB, whichever is less. The condition guards the deque."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._caught: deque[Caught] = deque()
        self._last = self._bytes = 0
        self._condition = threading.Condition()
        self.port = 0
        """The port that the server listens on."""

    def messages(self) -> list[Caught]:
        """The kept messages, oldest first."""
        with self._condition:
            return list(self._caught)

    def wait_for(self, predicate: Callable[[Caught], bool], timeout: float = 10.0) -> Caught:
        """The first message, kept or still to come, that fits. Raises TimeoutError after ``timeout`` seconds."""
        with self._condition:
            found = self._condition.wait_for(lambda: next(filter(predicate, self._caught), None), timeout)
        if found is None:
            raise TimeoutError(f"no such message within {timeout} s")
        return found

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep a message. The server calls this."""
        raw = bytes(envelope.original_content or b"")
        parsed = message_from_bytes(raw, policy=default)
        subject, message_id = str(parsed["Subject"] or ""), str(parsed["Message-ID"] or "")
        recipients = tuple(str(recipient) for recipient in envelope.rcpt_tos)
        with self._condition:
            self._last += 1
            now = self._clock.now()
            self._keep(Caught(self._last, now, envelope.mail_from or "", recipients, subject, message_id, raw))
            self._condition.notify_all()
            return f"250 2.0.0 OK: caught as {self._last}"

    def _keep(self, caught: Caught) -> None:
        self._caught.append(caught)
        self._bytes += len(caught.raw)
        while len(self._caught) > _KEPT or self._bytes > _KEPT_BYTES:
            self._bytes -= len(self._caught.popleft().raw)


@contextmanager
def mail_catcher(host: str = "127.0.0.1", port: int = 0, clock: Clock | None = None) -> Iterator[Catcher]:
    """A catcher that listens on a port, a free one for 0. Raises OSError."""
    catcher = Catcher(clock or SystemClock())
    with smtp_server(catcher, host, port, data_size_limit=SIZE_LIMIT) as catcher.port:
        yield catcher


@contextmanager
def smtp_server(
    handler: object, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[int]:
    """Serve SMTP in a thread of its own; yields the port. ``handler`` and ``options`` are aiosmtpd's. Raises OSError.

    aiosmtpd's own controller takes no port 0, and ends its loop before the connections that are still open.
    """
    options.setdefault("enable_SMTPUTF8", True)

    def conversation() -> SMTP:
        return SMTP(handler, loop=asyncio.get_running_loop(), hostname=host, **options)

    @asynccontextmanager
    async def serving() -> AsyncIterator[int]:
        server = await asyncio.get_running_loop().create_server(conversation, host, port, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()  # the end of the loop cancels the conversations, and each closes its connection

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving()) as listening:
        yield listening
