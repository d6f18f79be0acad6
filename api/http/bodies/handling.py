"""SOP 5.1-5.5: log, triage, refer, prioritise, diagnose; note and correct."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from api.http.bodies.base import Body, Contact, MaybeReasonBody, ReasonBody, Words, not_in_future
from api.http.fields import Code, Email, LevelNumber, Line, Moment, Phone, PriorityNumber, Text
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case import notification
from domain.case.logging import Report, check_received
from domain.case.priority import Assessment
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Channel, Level, Nature


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

    def report(self) -> Report:
        """What the event holds; the desk fills in whose it is."""
        return Report(
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


class TriageBody(Body):
    """Decide that the case is ours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "desk"}]})
    owner: Literal["desk"]
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.triage(number, self.owner, self.reason, request)


class ReferralContact(Words):
    method: Code
    outcome: Literal["informed", "failed"]
    at: Moment | None = None


class ReferBody(MaybeReasonBody):
    """Refer the case to another agency's help desk."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}]}
    )
    help_desk: Code
    contact: ReferralContact

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.contact.at, now, "/contact/at")
        policy.contact_method(self.contact.method, "/contact/method")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        at = self.contact.at or desk.clock.now()
        contact = notification.Contact(self.contact.method, at, self.contact.outcome == "informed")
        return desk.refer(number, self.help_desk, contact, self.reason, request)


class Override(Words):
    priority: PriorityNumber
    reason: Text


class PrioritizeBody(Body):
    """Assess impact and severity."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"impact": 2, "severity": 2}]})
    impact: LevelNumber
    severity: LevelNumber
    override: Override | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        override = self.override
        assessment = Assessment(Level(self.impact), Level(self.severity), override.priority if override else None)
        reason = "; ".join(said for said in (override and override.reason, self.reason) if said) or None
        return desk.prioritize(number, assessment, reason, request)


class StepBody(Words):
    step: Code
    answer: Text


class DiagnoseBody(Body):
    """Record a diagnosis."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"symptoms": "jobs stay queued", "findings": "spooler stopped"}]}
    )
    symptoms: Text
    findings: Text
    script: Code | None = None
    steps: list[StepBody] | None = None
    outcome: Text | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        words = {
            "symptoms": self.symptoms,
            "findings": self.findings,
            "steps": [step.model_dump() for step in self.steps] if self.steps else None,
            "outcome": self.outcome,
        }
        taken = tuple(step.step for step in self.steps or ())
        return desk.diagnose(number, words, self.script, taken, self.reason, request)


class KnownErrorsBody(MaybeReasonBody):
    """Record a look at the known errors."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": "queue stuck", "shown": ["KE-0000001"], "chosen": "KE-0000001", "applied": True}]
        }
    )
    query: Line
    shown: list[Code] = Field(max_length=200)
    chosen: Code | None = None
    applied: bool

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.known_errors_searched(
            number, self.query, tuple(self.shown), self.chosen, self.applied, self.reason, request
        )


class WaiveBody(ReasonBody):
    """Do without the information that is missing."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.waive(number, self.reason, request)


class NoteBody(Body):
    """Add a note."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "called back, no answer"}]})
    text: Text
    visible_to_customer: bool = False

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.note(number, self.text, self.visible_to_customer, request)


class CorrectBody(Body):
    """Correct a field of the log; the original stays readable."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"field": "service", "value": "email", "reason": "was misheard"}]}
    )
    field: Line
    value: Text
    reason: Text

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """A correction is held to the same rule as what it corrects."""
        if (rule := _CORRECTABLE.get(self.field)) is None:
            raise Invalid(f"{self.field} cannot be corrected; {', '.join(_CORRECTABLE)} can", "/field")
        try:
            rule.validate_python(self.value)
        except ValidationError as error:
            raise Invalid(error.errors()[0]["msg"], "/value") from None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.correct(number, self.field, self.value, self.reason, request)


_CORRECTABLE: dict[str, TypeAdapter[Any]] = {
    **dict.fromkeys(("service", "agency", "external_ref"), TypeAdapter(Code)),
    "nature": TypeAdapter(Nature),
    **dict.fromkeys(("subject", "location", "asset", "callback", "name"), TypeAdapter(Line)),
    **dict.fromkeys(("description", "symptoms"), TypeAdapter(Text)),
    "email": TypeAdapter(Email),
    "phone": TypeAdapter(Phone),
}
"""What may be corrected, and the rule each is held to; that the channel is not among them is R-5.1a."""
