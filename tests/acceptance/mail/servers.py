"""Desks that mail servers can deliver to, and others between them."""

from __future__ import annotations

import smtplib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any

from application.desk import Desk
from application.processes.mail_delivery import send_due
from application.processes.mail_receipt import admit_gateway, taking
from infrastructure.mail.catcher import smtp_server
from infrastructure.mail.gateway import Gateway
from infrastructure.mail.smtp_client import SmtpPostman
from infrastructure.mail.smtp_server import listening
from tests.acceptance.conftest import RunningDesk
from tests.application.cases import LINKS


@contextmanager
def delivered_to(desk: RunningDesk, *, lmtp: bool = False) -> Iterator[int]:
    """Mail servers deliver to a desk; gives the port."""
    office = desk.office
    with office.portal.wrap_async_context_manager(_gateway(office.target, lmtp=lmtp)) as port:
        yield port


@asynccontextmanager
async def _gateway(desk: Desk, *, lmtp: bool) -> AsyncIterator[int]:
    await admit_gateway(desk)
    gateway = Gateway("desk.example", desk.addresses.takes, taking(desk, "lmtp" if lmtp else "smtp"))
    async with listening(gateway, "127.0.0.1", 0, lmtp=lmtp) as port:
        yield port


def deliver(port: int, raw: bytes, sender: str, *recipients: str) -> str:
    """Deliver as a mail server does; returns what was answered to the message."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("agency.example")
        client.mail(sender)
        for recipient in recipients:
            code, said = client.rcpt(recipient)
            assert code == 250, said
        code, said = client.data(raw)
        return f"{code} {said.decode()}"


def send_to(desk: RunningDesk, port: int) -> int:
    """Send what is due to another server; returns how many mails met their fate."""
    desk.catch_up()
    domain = desk.office.addresses.domain
    postman = SmtpPostman(
        host="127.0.0.1", port=port, sender=desk.office.addresses.mailbox, clock=desk.clock, domain=domain
    )
    return int(desk.office.run(send_due, desk.timers, postman, LINKS))


class Relay:
    """A server on the way that takes everything out of a mail by which a machine's can be told from a person's."""

    def __init__(self, to: int, change: Callable[[Message], None], recipient: str | None) -> None:
        self._to, self._change, self._recipient = to, change, recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        """Pass it on."""
        message = message_from_bytes(envelope.content)
        self._change(message)
        sender = str(message["From"]).rpartition("<")[2].rstrip(">")
        return deliver(
            self._to,
            message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
            sender,
            *([self._recipient] if self._recipient else envelope.rcpt_tos),
        )


@contextmanager
def relayed(to: int, change: Callable[[Message], None], recipient: str | None = None) -> Iterator[int]:
    """Pass mail on to a port, to other recipients where one is named; gives the relay's own."""
    with smtp_server(Relay(to, change, recipient)) as port:
        yield port
