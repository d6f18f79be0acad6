"""What all histories of a simulation share: the desk, its people, chance and time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from application.demo.simulation.chance import Chance
from application.demo.simulation.hours import Hours
from application.demo.simulation.people import INTERFACE, Customer, People
from application.demo.simulation.schedule import Schedule, Until
from application.desk import Desk
from application.execution.requests import Request
from application.mail_in.envelope import Envelope
from application.mail_in.intake import Received
from application.processes.mail_receipt import GATEWAY
from domain.case import Case
from domain.values import Actor, Role

_GATEWAY = Request(GATEWAY, INTERFACE)
_RECENT = 50


@dataclass
class Setting:
    """The desk of one stretch of time, and what its histories know of each other."""

    desk: Desk
    schedule: Schedule
    hours: Hours
    people: People
    chance: Chance
    pace: float = 1.0
    """How long everything takes, as a share of what is usual."""
    problems: dict[str, str] = field(default_factory=dict)
    """The latest problem of a service that takes incidents."""
    problems_left: int = 0
    recent: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Service and number of the cases that teams took last."""

    @property
    def now(self) -> datetime:
        """The simulated time."""
        return self.schedule.now()

    def soon(self, least: float, most: float) -> Until:
        """Wait so many minutes of business."""
        return Until(self.hours.after(self.now, self.pace * self.chance.between(least, most)))

    @property
    def technician(self) -> Request:
        """A technician of the desk."""
        return self.chance.by_rank(self.people.technicians)

    async def as_customer(self, customer: Customer) -> Request:
        """A customer, signed in at the portal."""
        return Request(Actor(await self.desk.pseudonyms.of(customer.contact), Role.CUSTOMER), INTERFACE)

    async def case(self, number: str) -> Case:
        """A case as it is now."""
        return await self.desk.runner.repository.named(number)

    async def mail(self, customer: Customer, subject: str, text: str, about: Case | None = None) -> Received:
        """Send a customer's mail to the desk: about a case, to the address that its mails name."""
        ours = self.desk.addresses
        to = ours.mailbox if about is None else ours.reply_to(about.number, about.customer)
        raw = _written(customer, to, subject, text, self.now, self.chance.getrandbits(64))
        return await self.desk.mail.receive(raw, Envelope(customer.email, (to,)), _GATEWAY)


def _written(customer: Customer, to: str, subject: str, text: str, at: datetime, number: int) -> bytes:
    head: dict[str, Any] = {
        "From": f"{customer.name} <{customer.email}>",
        "To": to,
        "Subject": subject,
        "Date": format_datetime(at),
        "Message-ID": f"<{number:016x}@{customer.agency}.example>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    }
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join([*lines, "", text, "", ""]).encode()
