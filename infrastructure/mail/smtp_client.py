"""Hands letters to a mail server by SMTP (RFC 5321). A letter is sent once the server replies 250 to the whole message."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.policy import SMTP, SMTPUTF8
from pathlib import Path
from typing import Literal, cast

import aiosmtplib
from aiosmtplib import SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException, SMTPSenderRefused

from application.mail_out.letters import Deferred, Letter, Refused, Sent
from domain.clock import Clock
from infrastructure.mail.rendering import compose

Tls = Literal["none", "starttls", "tls"]

_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+"
_LABEL = r"[A-Za-z0-9_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff-]*"  # unambiguous, so that it never backtracks
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")
_NOT_LOGGED_IN = frozenset({530, 534, 535, 538})
"""Replies to a client that has not authenticated as required (RFC 4954). They say nothing about the recipient."""
_TOO_LARGE = 552
_GOODBYE = 5.0
"""Seconds to wait for the reply to QUIT, which changes nothing."""


def envelope_address(address: str) -> str:
    """An address, where it can stand on an envelope (RFC 5321, 4.1.2; RFC 6531, 3.3). Raises Refused.

    Quoted local parts and address literals are refused: only attackers use them.
    """
    found = _ADDRESS.fullmatch(address) if address.isprintable() else None
    if not found or len(address.encode()) > 254 or len(found["local"].encode()) > 64:
        raise Refused("the address cannot stand on an envelope")
    return address


class _Client(aiosmtplib.SMTP):
    """A client that leaves no socket behind."""

    def close(self) -> None:
        """Abort the connection. A TLS shutdown would wait for the server, which may never answer."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()


@dataclass(frozen=True, kw_only=True)
class SmtpPostman:
    """A Postman (`application.mail_out.letters`) with one mail server, and one connection for each letter.

    Raises ValueError for a sender or domain that is not plain ASCII.
    """

    host: str
    port: int
    sender: str
    """The address in From. The envelope's sender is each letter's own."""
    clock: Clock
    domain: str
    """Our domain, for EHLO."""
    tls: Tls = "none"
    """`starttls` and `tls` require encryption and check the certificate; `none` never encrypts."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Authorities to trust instead of the machine's. It is read at each delivery, so that it can be replaced."""
    checkpoint: Callable[[], str | None] = lambda: None
    """The log's current checkpoint, which each mail carries; None while nothing is sealed. It runs in a thread."""
    timeout: float = 30.0
    """Seconds to wait for the connection, and for each reply but the last."""
    acceptance_timeout: float = 600.0
    """Seconds to wait for the reply to the message: leaving sooner would send it twice (RFC 5321, 4.5.3.2.6)."""

    def __post_init__(self) -> None:
        for address in (self.sender, f"postmaster@{self.domain}"):
            if not (_ADDRESS.fullmatch(address) and address.isascii()):
                raise ValueError(f"{address!r} is no address that mail can be sent from")

    async def deliver(self, letter: Letter) -> Sent:
        """Hand a letter over; returns once the server has accepted it for delivery (R-5.9a).

        Raises Refused for an address that cannot stand on an envelope, or a 5xx about this recipient or message. Raises
        Deferred for all else: 4xx, no connection, no reply, and the operator's faults (certificate, login, sender).
        """
        recipient = envelope_address(letter.recipient)
        raw = await asyncio.to_thread(self._written, letter)
        try:
            reply = await self._converse(letter.thread.bounces_to or "", recipient, raw)
        except (SMTPException, OSError, ValueError) as error:
            words = _without(recipient, f"{self.host}:{self.port}: {_words(error)}")
            raise (Refused if _permanent(error) else Deferred)(words) from error
        return Sent(raw.decode(), _without(recipient, reply))

    def _written(self, letter: Letter) -> bytes:
        message = compose(letter, sender=self.sender, at=self.clock.now(), checkpoint=self.checkpoint())
        return message.as_bytes(policy=SMTP if letter.recipient.isascii() else SMTPUTF8)

    def _context(self) -> ssl.SSLContext | None:
        return None if self.tls == "none" else ssl.create_default_context(cafile=self.ca_file)

    async def _converse(self, sender: str, recipient: str, raw: bytes) -> str:
        client = _Client(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            local_hostname=self.domain,
            timeout=self.timeout,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            tls_context=await asyncio.to_thread(self._context),
        )
        try:
            await client.connect()
            reply = await self._hand_over(client, sender, recipient, raw)
            with suppress(SMTPException, OSError):  # the server has the letter
                await client.quit(timeout=_GOODBYE)
        finally:
            client.close()
        return reply

    async def _hand_over(self, client: aiosmtplib.SMTP, sender: str, recipient: str, raw: bytes) -> str:
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        options, encoding = [], "ascii"
        if client.supports_extension("size"):
            options.append(f"SIZE={len(raw)}")
        if not recipient.isascii():
            if not client.supports_extension("smtputf8"):
                raise aiosmtplib.SMTPNotSupported("it takes no addresses beyond ASCII (SMTPUTF8, RFC 6531)")
            options, encoding = [*options, "BODY=8BITMIME", "SMTPUTF8"], "utf-8"
        await client.mail(sender, options=options, encoding=encoding)
        await client.rcpt(recipient, encoding=encoding)
        answer = await client.data(raw, timeout=self.acceptance_timeout)
        return f"{answer.code} {answer.message}"


def _permanent(error: Exception) -> bool:
    """Whether an error will not go away and concerns this letter alone."""
    match error:
        case aiosmtplib.SMTPNotSupported():
            return True
        case SMTPRecipientRefused() | SMTPDataError():
            return 500 <= error.code <= 599 and error.code not in _NOT_LOGGED_IN
        case SMTPSenderRefused():
            return error.code == _TOO_LARGE
        case _:
            return False


def _words(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def _without(recipient: str, words: str) -> str:
    """A server's words as one line to keep: without the recipient and control characters, at most 500 characters."""
    words = re.sub(re.escape(recipient), "(recipient)", words, flags=re.IGNORECASE)
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:500]
