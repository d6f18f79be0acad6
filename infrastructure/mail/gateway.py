"""The gateway: whom it takes mail for, and how a message gets on the record. 250 means that it is recorded (R-5.1d)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from application.mail_in.envelope import Envelope
from domain.errors import Forbidden
from infrastructure.mail.limits import Room, SmtpLimits

Take = Callable[[bytes, Envelope], Awaitable[str]]
"""Records a message. Returns the outcome after the commit, in words fit for the sender's mail server."""

log = structlog.get_logger()
_AT_ONCE = 4
"""Messages that are recorded at a time. The others wait for their turn."""
_LARGE = 2**20
"""Bytes from which on a message is recorded one at a time: to read it takes some fifteen times its size for a moment."""


class OpenConversation(Protocol):
    """A conversation that the gateway can end."""

    def hang_up(self) -> None:
        """End the conversation at once, without a reply."""


@dataclass
class Gateway:
    """What all conversations share; its `handle_` methods are aiosmtpd's hooks. It belongs to one event loop."""

    name: str
    """Our host name, for the greeting."""
    accepts: Callable[[str], bool]
    """Tells whether an address is the desk's."""
    deliver: Take
    limits: SmtpLimits = field(default_factory=SmtpLimits)
    open: set[OpenConversation] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.room = Room(self.limits.unfinished)
        self._small, self._large = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(1)
        self._recording = set[asyncio.Future[str]]()

    async def close(self) -> None:
        """Hang up on all clients, and wait for the messages that are being recorded."""
        for conversation in tuple(self.open):
            conversation.hang_up()
        while self._recording:
            await asyncio.wait(self._recording)

    async def take(self, content: bytes, envelope: Envelope) -> str:
        """Record a message; returns the reply."""
        try:
            outcome = await self._recorded(content, envelope)
        except Forbidden as error:
            log.error("mail is not taken in", error=str(error))
            return "451 4.7.0 not allowed now, try again later"
        except Exception as error:  # noqa: BLE001 - after any failure the client keeps the message
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
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer extensions: PIPELINING as well, and no AUTH."""
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith("250-AUTH")]
        return [*offered[:-1], "250-PIPELINING", offered[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
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
