"""SOP 5.1: mail that a mail server hands over, or that lies in a mailbox, taken in as one and the same actor (R-5.2b)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Request
from application.mail_in.envelope import Envelope
from application.mail_in.failures import Failures
from domain.values import Actor, Role

GATEWAY = Actor("mail.gateway", Role.INTAKE)


def admit_gateway(desk: Desk) -> None:
    """Put its grant on the record, unless it was taken back since (R-7.1): who sets up a listener has authorised it."""
    desk.ensure_granted(GATEWAY.subject, GATEWAY.role, None, None, OPERATOR, anew=False)


def taking(desk: Desk, interface: str, failures: Failures | None = None) -> Callable[[bytes, Envelope], str]:
    """Takes a message in and says after the commit what became of it, and under which receipt.

    It raises what `Desk.receive` does: then nothing is on the record, and whoever has the message keeps it. A message that
    has failed so often that ``failures`` gives it up is put into the quarantine unread, for a person.
    """
    request, counted = Request(GATEWAY, interface), failures or Failures()

    def take(raw: bytes, envelope: Envelope) -> str:
        arrived = envelope.arrived_at and min(envelope.arrived_at, desk.clock.now())  # whatever a server's clock shows
        came = replace(envelope, arrived_at=arrived)
        received = counted.guarded(
            raw,
            lambda: desk.receive(raw, came, request),
            lambda: desk.receive_unread(raw, came, request),
        )
        return f"{received.outcome} {received.receipt}"

    return take
