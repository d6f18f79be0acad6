"""A mail server that does not take every mail, for the tests of what the desk does then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from application.processes.mail_delivery import send_due
from infrastructure.mail.catcher import Catcher, smtp_server
from tests.acceptance.conftest import RunningDesk
from tests.acceptance.travelling import resolved
from tests.application.cases import LINKS
from tests.infrastructure.mail.mail_servers import postman

NOBODY = {"name": "No Body", "email": "nobody@agency.example"}
"""Whom the mail server does not know."""
BUSY = {"name": "Bea Sy", "email": "busy@agency.example"}
"""For whom it has no time now."""


class Fussy(Catcher):
    """A mail server that refuses one recipient, and another for now, and takes all else."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == NOBODY["email"]:
            return "550 5.1.1 there is no nobody@agency.example here"
        if address == BUSY["email"]:
            return "451 4.3.0 come back later, busy@agency.example"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"


@contextmanager
def fussy(desk: RunningDesk) -> Iterator[Catcher]:
    catcher = Fussy(desk.clock)
    with smtp_server(catcher) as catcher.port:
        yield catcher


def send_to(desk: RunningDesk, catcher: Catcher) -> int:
    """Send what is due to another mail server than the desk's own."""
    desk.catch_up()
    carrier = postman(catcher.port, clock=desk.clock)
    return int(desk.office.run(send_due, desk.timers, carrier, LINKS))


def unsettled(desk: RunningDesk, contact: dict[str, str], catcher: Catcher) -> str:
    """A resolved case whose customer the mail server does not take a mail for."""
    number = resolved(desk, customer=contact)
    send_to(desk, catcher)
    return number
