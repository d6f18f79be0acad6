"""What the tests of the gateway share: a gateway that listens, and a client that speaks to it line by line."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from anyio.from_thread import start_blocking_portal

from application.mail_in.envelope import Envelope
from infrastructure.mail.gateway import Gateway
from infrastructure.mail.limits import SmtpLimits
from infrastructure.mail.smtp_server import listening
from tests.infrastructure.mail.letters import ADDRESSES

DESK = "service-desk@desk.example"

SMALL = SmtpLimits(size=200_000, recipients=3, conversations=3, unfinished=300_000, idle=5, whole=5)


class Taken:
    """Takes messages in, until it is told otherwise."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, Envelope]] = []
        self.fault: Exception | None = None
        self.before, self.begun = threading.Event(), threading.Event()
        self.before.set()

    async def __call__(self, raw: bytes, envelope: Envelope) -> str:
        self.begun.set()
        assert await asyncio.to_thread(self.before.wait, 30)
        if self.fault is not None:
            raise self.fault
        self.messages.append((raw, envelope))
        return "opened 1"


@contextmanager
def gateway(taken: Taken, limits: SmtpLimits = SMALL, **options: Any) -> Iterator[int]:
    made = Gateway("desk.example", ADDRESSES.takes, taken, limits)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(listening(made, "127.0.0.1", 0, **options)) as port,
    ):
        try:
            yield port
        finally:
            taken.before.set()


class Client:
    """A client that says exactly what it is told to."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._lines = self._socket.makefile("rb")
        self.greeting = self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def answer(self) -> str:
        """The last line of the next answer; nothing when the other side has hung up."""
        while line := self._lines.readline():
            if line[3:4] != b"-":
                return line.decode().rstrip("\r\n")
        return ""

    def say(self, *lines: bytes) -> str:
        """Send lines, and the last of their answers."""
        told = ""
        for line in lines:
            self.send(line + b"\r\n")
            told = self.answer()
        return told

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def until_data(self, *recipients: bytes) -> None:
        to = recipients or (DESK.encode(),)
        told = self.say(b"EHLO x.example", b"MAIL FROM:<jo@x.example>", *(b"RCPT TO:<%s>" % each for each in to))
        assert told.startswith("250"), told
        assert self.say(b"DATA").startswith("354")
