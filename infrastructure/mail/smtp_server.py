"""Takes mail in for the desk's mailbox, by SMTP and by LMTP: 250 means that it is on the record (R-5.1d)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Conversed

from application.mail_in.envelope import Envelope
from domain.errors import Forbidden
from infrastructure.mail.server_thread import served
from infrastructure.mail.smtp_session import Conversation, Limits, LmtpConversation, Room

Take = Callable[[bytes, Envelope], str]
"""Takes a message in, and returns after the commit: what became of it, in words fit for its sender's mail server."""

log = structlog.get_logger()
_AT_ONCE, _LARGE = 4, 2**20
"""Messages that are recorded at a time, the others wait for their turn; from how many bytes on it is one at a time.

What is read takes some fifteen times its bytes for a moment.
"""


@dataclass(frozen=True)
class Certificate:
    """What STARTTLS is offered with, as PEM files."""

    chain: Path
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises OSError, ssl.SSLError."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


@dataclass
class Gateway:
    """What all conversations share; its `handle_` methods are aiosmtpd's hooks."""

    name: str
    """Ours, in the greeting."""
    accepts: Callable[[str], bool]
    """Whether an address is the desk's."""
    deliver: Take
    limits: Limits = field(default_factory=Limits)
    open: set[Conversation] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.room = Room(self.limits)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mail gateway")
        self._large = ThreadPoolExecutor(1, thread_name_prefix="mail gateway, large")

    def close(self) -> None:
        """Wait for what is being recorded."""
        self._pool.shutdown()
        self._large.shutdown()

    async def take(self, content: bytes, envelope: Envelope) -> str:
        """Have a message recorded. A client that leaves meanwhile sends it again: it is known then."""
        pool = self._pool if len(content) < _LARGE else self._large
        try:
            told = await asyncio.get_running_loop().run_in_executor(pool, self.deliver, content, envelope)
        except Forbidden as error:
            log.error("mail is not taken in", error=str(error))
            return "451 4.7.0 not allowed now, try again later"
        except Exception as error:  # noqa: BLE001 - whatever it was, the client keeps the message
            log.error("mail cannot be recorded", error=str(error))
            return "451 4.3.0 it could not be recorded, try again later"
        return f"250 2.0.0 {told}"

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Conversed, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what we can do: commands in groups too, and no logging in."""
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith("250-AUTH")]
        return [*offered[:-1], "250-PIPELINING", offered[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Conversed, address: str, options: list[str]
    ) -> str:
        """Take what is addressed to the desk; nothing is passed on to others."""
        if not self.accepts(address):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """What a client is told of a fault of ours, or of a command that nobody can read."""
        log.warning("a mail server's command failed", error=repr(error))
        return "451 4.3.0 that failed, try again later"


class _TurnedAway(asyncio.Protocol):
    """A client too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 too many connections, try again later\r\n")
        transport.close()


@contextmanager
def listening(
    gateway: Gateway, host: str, port: int, *, lmtp: bool = False, certificate: Certificate | None = None
) -> Iterator[int]:
    """Listen on a thread of its own; gives the port, a free one for 0. Raises OSError, ssl.SSLError."""
    tls = certificate.context() if certificate else None
    kind = LmtpConversation if lmtp else Conversation

    def answer() -> asyncio.BaseProtocol:
        return _TurnedAway() if len(gateway.open) >= gateway.limits.conversations else kind(gateway, tls)

    with served(answer, host, port, name="mail gateway") as where:
        yield where
