"""Receives mail for the desk's mailbox, by SMTP and by LMTP: 250 means that it is on the record (R-5.1d)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Conversed

from application.mail_in.envelope import Envelope
from domain.errors import Forbidden
from infrastructure.mail.smtp_session import Conversation, Limits, LmtpConversation, Room

Take = Callable[[bytes, Envelope], Awaitable[str]]
"""Records a message. Returns the outcome after the commit, in words fit for the sender's mail server."""

log = structlog.get_logger()
_AT_ONCE = 4
"""Messages that are recorded at a time. The others wait for their turn."""
_LARGE = 2**20
"""Bytes from which on a message is recorded one at a time: to read it takes some fifteen times its size for a moment."""


@dataclass(frozen=True)
class Certificate:
    """The certificate that STARTTLS offers, as PEM files."""

    chain: Path
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Load it. Raises OSError, ssl.SSLError."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


@dataclass
class Gateway:
    """What all conversations share; its `handle_` methods are aiosmtpd's hooks. It belongs to one event loop."""

    name: str
    """Our host name, for the greeting."""
    accepts: Callable[[str], bool]
    """Tells whether an address is the desk's."""
    deliver: Take
    limits: Limits = field(default_factory=Limits)
    open: set[Conversation] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.room = Room(self.limits)
        self._small, self._large = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(1)
        self._recording = set[asyncio.Future[str]]()

    async def close(self) -> None:
        """Hang up on all clients, and wait for the messages that are being recorded."""
        for conversation in tuple(self.open):
            conversation.hang_up()
        while self._recording:
            await asyncio.wait(self._recording)

    async def take(self, content: bytes, envelope: Envelope) -> str:
        """Have a message recorded, and return the answer for its client."""
        try:
            outcome = await self._recorded(content, envelope)
        except Forbidden as error:
            log.error("mail is not taken in", error=str(error))
            return "451 4.7.0 not allowed now, try again later"
        except Exception as error:  # noqa: BLE001 - whatever it was, the client keeps the message
            log.error("mail cannot be recorded", error=str(error))
            return "451 4.3.0 it could not be recorded, try again later"
        return f"250 2.0.0 {outcome}"

    async def _recorded(self, content: bytes, envelope: Envelope) -> str:
        """Record to the end, even when the client leaves meanwhile. It sends the message again, and it is known then."""
        turn = self._small if len(content) < _LARGE else self._large
        await turn.acquire()
        task = asyncio.ensure_future(self.deliver(content, envelope))
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)
        task.add_done_callback(lambda _: turn.release())
        return await asyncio.shield(task)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Conversed, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer extensions: PIPELINING as well, and no AUTH."""
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith("250-AUTH")]
        return [*offered[:-1], "250-PIPELINING", offered[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Conversed, address: str, options: list[str]
    ) -> str:
        """Accept the desk's own addresses. Nothing is relayed."""
        if not self.accepts(address):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of ours, or an unreadable command."""
        log.warning("a mail server's command failed", error=repr(error))
        return "451 4.3.0 that failed, try again later"


class _TurnedAway(asyncio.Protocol):
    """Turns a client away when there are too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 too many connections, try again later\r\n")
        transport.close()


@asynccontextmanager
async def listening(
    gateway: Gateway, host: str, port: int, *, lmtp: bool = False, certificate: Certificate | None = None
) -> AsyncIterator[int]:
    """Listen in the running event loop. Yields the port, a free one for 0. Raises OSError, ssl.SSLError.

    At its end the gateway is closed.
    """
    tls = certificate.context() if certificate else None
    kind = LmtpConversation if lmtp else Conversation

    def answer() -> asyncio.BaseProtocol:
        return _TurnedAway() if len(gateway.open) >= gateway.limits.conversations else kind(gateway, tls)

    server = await asyncio.get_running_loop().create_server(answer, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await gateway.close()
