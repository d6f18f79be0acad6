"""Listens for mail servers, by SMTP (RFC 5321) and LMTP (RFC 2033)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infrastructure.mail.gateway import Gateway
from infrastructure.mail.smtp_session import Conversation, LmtpConversation


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
