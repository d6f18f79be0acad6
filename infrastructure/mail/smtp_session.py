"""One conversation of a mail server with the gateway (RFC 5321; LMTP: RFC 2033), on aiosmtpd's commands.

The message is read here and not by aiosmtpd. That keeps an object for each line, refuses long lines that people do
write, limits only the whole time of a slow client, and replies once to LMTP. A message ends with CR LF . CR LF and
nothing else. Many clients end lines with an LF alone, which ends no message (CVE-2023-51764, CVE-2024-27305).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from application.mail_in.envelope import Envelope
from infrastructure.mail.gateway import Gateway
from infrastructure.mail.limits import Share

_END = b"\r\n.\r\n"
_CHUNK = 65_536
_TOO_LARGE, _FULL = "552 5.3.4 too large a message", "452 4.3.1 too many messages at once, try again later"
_SLOW = "421 4.4.2 too slow, goodbye"
_COMMANDS = 1_000
"""Commands of a kind in one conversation. A server with more to say connects again."""


class Refusal(Exception):
    """The answer to a message that is not taken."""


class _Gone(Exception):
    """The client has got its reply, and the conversation is over."""


class Conversation(SMTP):
    """SMTP for a gateway."""

    line_length_limit = _CHUNK
    """How much aiosmtpd buffers. No line of a message is too long."""

    def __init__(self, gateway: Gateway, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            gateway,
            data_size_limit=gateway.limits.size,
            enable_SMTPUTF8=True,
            hostname=gateway.name,
            ident="Caseledger",
            tls_context=tls,
            timeout=gateway.limits.idle,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit={"*": _COMMANDS},
            loop=asyncio.get_running_loop(),
        )
        self._gateway, self._limits = gateway, gateway.limits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the conversation. Called a second time after STARTTLS."""
        self._gateway.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._gateway.open.discard(self)
        super().connection_lost(error)

    def _timeout_cb(self) -> None:
        self._writer.write(f"{_SLOW}\r\n".encode())
        super()._timeout_cb()  # type: ignore[no-untyped-call]

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's
        """Read a message, and reply once it is on the record or certainly not."""
        if await self.check_helo_needed(self.greeting):
            return
        if not self.envelope or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 nobody to deliver to: RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes no argument")
            return
        if _buffered(self._reader):  # the client did not wait for us, so this may be anything (RFC 2920, 3.1)
            await self._hang_up("554 5.5.0 DATA is the last of a group: wait for 354")
            return
        # The command's line end precedes the first line, so that an empty message ends as any other.
        self._reader.feed_data(b"\r\n")
        await self.push("354 end with <CR><LF>.<CR><LF>")
        self._stop_timing()
        sender, recipients = _decoded(self.envelope.mail_from or ""), tuple(map(_decoded, self.envelope.rcpt_tos))
        try:
            answer = await self._answer(Envelope("" if sender == "<>" else sender, recipients))
        except _Gone:
            return
        self._reset_timeout()
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        for each in self.answers(answer, recipients):
            await self.push(each)

    greeting = "HELO"

    def answers(self, answer: str, recipients: tuple[str, ...]) -> list[str]:
        """The lines that answer a message."""
        return [answer]

    async def _answer(self, envelope: Envelope) -> str:
        with self._gateway.room.share() as share:
            try:
                async with asyncio.timeout(self._limits.whole):
                    content = await self._content(share)
            except Refusal as why:
                return str(why)
            except TimeoutError:
                await self._hang_up(_SLOW)
                raise _Gone from None
            return await self._gateway.take(content, envelope)

    async def _content(self, share: Share) -> bytes:
        """Read the message. One that is too large is read to its end and not kept. Raises Refusal."""
        content, length, ended = bytearray(), 0, False
        why: Refusal | None = None
        while not ended:
            async with asyncio.timeout(self._limits.idle):
                part, ended = await self._next_part()
            length += len(part)
            if length > 2 * self._limits.size:
                await self._hang_up(_TOO_LARGE)
                raise _Gone
            if why is None and (why := self._refusal(share, length, len(part))) is None:
                content += part
            elif content:
                content.clear()
                share.release()
        if why is not None:
            raise why
        return _message(content)

    def _refusal(self, share: Share, length: int, more: int) -> Refusal | None:
        if length - len(_END) > self._limits.size:
            return Refusal(_TOO_LARGE)
        return None if share.take(more) else Refusal(_FULL)

    async def _next_part(self) -> tuple[bytes, bool]:
        """The next bytes, and whether the message ends with them."""
        try:
            return await self._reader.readuntil(_END), True
        except asyncio.LimitOverrunError as more:  # this much has arrived without an end
            return await self._reader.readexactly(more.consumed), False

    def _stop_timing(self) -> None:
        """Stop the timer of commands: a message has limits of its own."""
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()

    async def _hang_up(self, answer: str) -> None:
        await self.push(answer)
        if self.transport is not None:
            self.transport.close()

    def hang_up(self) -> None:
        """End the conversation at once, without an answer."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()


class LmtpConversation(Conversation, LMTP):
    """LMTP: SMTP with a reply for each recipient (RFC 2033, 4.2)."""

    greeting = "LHLO"

    def answers(self, answer: str, recipients: tuple[str, ...]) -> list[str]:
        return [answer] * len(recipients)


def _message(content: bytearray) -> bytes:
    """The message before dots were doubled (RFC 5321, 4.5.2), also where its client ends lines with LF alone."""
    del content[-3:]
    return bytes(content.replace(b"\n.", b"\n")[2:])


def _buffered(reader: asyncio.StreamReader) -> bool:
    return bool(cast("Any", reader)._buffer)  # noqa: SLF001 - there is no public way to see that nothing arrived yet


def _decoded(address: str) -> str:
    """An address as text: aiosmtpd keeps undecodable bytes in it as surrogates."""
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
