"""SOP 5.1: mail from a mail server or a mailbox. One actor takes in both (R-5.2b)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from application.administration.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Request
from application.figures import FIGURES
from application.mail_in.envelope import Envelope
from application.mail_in.failures import Failures
from domain.values import Actor, Role

GATEWAY = Actor("mail.gateway", Role.INTAKE)
_WORKERS = {"lmtp": "smtp"}
"""The workers that are not called as their interface."""
Take = Callable[[bytes, Envelope], Coroutine[Any, Any, str]]
"""Takes a message in. Returns outcome and receipt after the commit."""


async def admit_gateway(desk: Desk) -> None:
    """Record the gateway's grant, unless it was revoked (R-7.1). Setting up a listener authorises it."""
    await desk.grants.ensure(GATEWAY.subject, GATEWAY.role, None, None, OPERATOR, anew=False)


def taking(desk: Desk, interface: str, failures: Failures | None = None) -> Take:
    """Make the coroutine function that takes in mail from one interface.

    It raises what `MailIntake.receive` raises. Then nothing is recorded, and the sender keeps the message. A message
    that ``failures`` gives up goes unread into the quarantine.
    """
    request, counted = Request(GATEWAY, interface), failures or Failures()
    worker = _WORKERS.get(interface, interface)

    async def take(raw: bytes, envelope: Envelope) -> str:
        arrived = envelope.arrived_at and min(envelope.arrived_at, desk.clock.now())  # a server's clock may run ahead
        came = replace(envelope, arrived_at=arrived)
        received = await counted.guarded(
            raw,
            lambda: desk.mail.receive(raw, came, request),
            lambda: desk.mail.receive_unread(raw, came, request),
        )
        FIGURES.add(worker, received.outcome)
        return f"{received.outcome} {received.receipt}"

    return take
