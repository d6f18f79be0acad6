"""SOP 5.1-5.2: log a case, follow up on a closed one, waive missing information."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from api.http.bodies.base import Body, Contact, ReasonBody
from api.http.fields import (
    Code,
    Line,
    Moment,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.logging import IncidentReport, check_received
from domain.policy import Policy
from domain.values import Actor, Channel, Nature


class LogBody(Body):
    """Log an incident."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "channel": "phone",
                    "received_at": "2026-11-23T08:00:00-06:00",
                    "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "agency": "dot"},
                    "service": "printing",
                    "subject": "Printer on floor 2 does not print",
                    "description": "Since this morning nothing comes out; the queue is full.",
                    "nature": "actual",
                    "symptoms": "jobs stay queued",
                }
            ]
        }
    )
    channel: Channel
    received_at: Moment
    customer: Contact
    reporter: Contact | None = None
    service: Code | None = None
    subject: Line
    description: Text
    nature: Nature
    symptoms: Text | None = None
    location: Line | None = None
    asset: Line | None = None
    callback: Line | None = None
    external_ref: Code | None = None
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        check_received(self.received_at, now, actor.role, policy, explained=self.reason is not None)

    def report(self) -> IncidentReport:
        """What the event holds; the desk fills in whose it is."""
        return IncidentReport(
            channel=self.channel,
            received_at=self.received_at,
            customer="",
            nature=self.nature,
            agency=self.customer.agency,
            service=self.service,
            external_ref=self.external_ref,
        )

    @property
    def contact(self) -> dict[str, Any]:
        return {name: getattr(self.customer, name) for name in ("name", "email", "phone")}

    @property
    def words(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ("subject", "description", "symptoms", "location", "asset", "callback")
        }

    @property
    def reported_by(self) -> dict[str, Any]:
        return {} if self.reporter is None else self.reporter.model_dump(exclude_none=True)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.log_case(self.report(), self.contact, self.words, self.reported_by, self.reason, request)


class FollowUpBody(LogBody):
    """Log a later contact about a closed case as a new one."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.follow_up(number, self.report(), self.contact, self.words, self.reported_by, self.reason, request)


class WaiveBody(ReasonBody):
    """Do without the information that is missing."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.waive(number, self.reason, request)
