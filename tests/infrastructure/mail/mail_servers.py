"""Mail servers to test with, real ones on a port of their own; and a postman for them."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from application.mail_out.letters import Letter, Postman, Sent
from infrastructure.mail.catcher import Catcher
from infrastructure.mail.smtp_client import SmtpPostman
from tests.travel_clock import TravelClock

AT = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)
CLOCK = TravelClock(AT)


def postman(port: int, **options: Any) -> SmtpPostman:
    """A postman for a server of the test."""
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "sender": "service-desk@desk.example",
        "domain": "desk.example",
        "clock": CLOCK,
    }
    return SmtpPostman(port=port, **(given | options))


def deliver(carrier: Postman, letter: Letter) -> Sent:
    """Hand a letter over, in an event loop of its own. Raises Refused, Deferred."""
    return asyncio.run(carrier.deliver(letter))


class Refusing(Catcher):
    """A server that answers one command as the test says, and all others as servers do."""

    def __init__(self, **answers: str) -> None:
        super().__init__(CLOCK)
        self._answers = answers
        for command in answers:
            setattr(self, f"handle_{command}", lambda *_, command=command: self._answer(command))

    async def _answer(self, command: str) -> str:
        return self._answers[command]


class Dropping(Catcher):
    """A server that takes the message and is gone before it says so."""

    def __init__(self) -> None:
        super().__init__(CLOCK)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        answer = await super().handle_DATA(server, session, envelope)
        assert server.transport is not None
        server.transport.close()
        return answer


def a_certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    )
    return path


@contextmanager
def scripted(*answers: bytes, silent: bool = False) -> Iterator[int]:
    """A server that greets, answers line by line with what it is given, then hangs up or falls silent. Gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as lines, suppress(ConnectionError):
                for answer in answers:
                    connection.sendall(answer)
                    lines.readline()
                if silent:
                    lines.read()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()
