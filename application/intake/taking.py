"""SOP 5.1: mail that a mail server hands over, or that lies in a mailbox, taken in as one and the same actor (R-5.2b)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from application.catalogue import OPERATOR
from application.desk import Desk
from application.intake.envelope import Envelope
from application.requests import Request
from domain.values import Actor, Role

GATEWAY = Actor("mail.gateway", Role.INTAKE)


def admit_gateway(desk: Desk) -> None:
    """Put its grant on the record, unless it was taken back since (R-7.1): who sets up a listener has authorised it."""
    desk.ensure_granted(GATEWAY.subject, GATEWAY.role, None, None, OPERATOR, anew=False)


def taking(desk: Desk, interface: str) -> Callable[[bytes, Envelope], str]:
    """Takes a message in and says after the commit what became of it, and under which receipt.

    It raises what `Desk.receive` does: then nothing is on the record, and whoever has the message keeps it.
    """
    request = Request(GATEWAY, interface)

    def take(raw: bytes, envelope: Envelope) -> str:
        arrived = envelope.arrived_at and min(envelope.arrived_at, desk.clock.now())  # whatever a server's clock shows
        received = desk.receive(raw, replace(envelope, arrived_at=arrived), request)
        return f"{received.outcome} {received.receipt}"

    return take
