"""The bodies of commands (design.md, HTTP): validated to the letter; a field not named here is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from api.http.fields import Code, Email, LevelNumber, Line, Moment, Phone, PriorityNumber, Text
from application.desk import Desk
from application.requests import Committed, Request
from domain.case.dispute import Confirmation
from domain.case.logging import Report, check_received
from domain.case.priority import Assessment
from domain.case.resolution import Outcome, Verification
from domain.case.state import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Channel, Level, Nature


class Body(BaseModel):
    """A command's words. ``run`` gives it to the desk."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """What can be wrong with the words whatever the case is like. Raises Invalid."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        raise NotImplementedError


class Contact(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    name: Line
    email: Email | None = None
    phone: Phone | None = None
    agency: Code | None = None


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


class Override(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
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


class StepBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    step: Line
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
        return desk.diagnose(number, self.script, words, self.reason, request)


class AssignBody(Body):
    """Assign to a service team."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"team": "network", "diagnosis": "print server down"}]})
    team: Code
    technician: Code | None = None
    diagnosis: Text | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.assign(number, self.team, self.technician, self.diagnosis, self.reason, request)


class AcceptBody(Body):
    """Take a case of one's team."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.accept(number, request)


class ReasonBody(Body):
    """Why, in the words of whoever decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it happened again"}]})
    reason: Text


class HandBackBody(ReasonBody):
    """Return a case to the desk."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.hand_back(number, self.reason, request)


class ReopenBody(ReasonBody):
    """Reopen a resolved case."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.reopen(number, self.reason, request)


class PendBody(Body):
    """Mark a case as waiting."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason_code": "customer", "note": "asked for a date"}]})
    reason_code: PendingReason
    note: Text | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.pend(number, self.reason_code, self.note, self.reason, request)


class ResumeBody(Body):
    """Take the mark off."""

    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.resume(number, self.reason, request)


class VerifyBody(Body):
    """Record what the customer said of the resolution."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"satisfactory": True, "able_to_work": True, "method": "phone"}]}
    )
    satisfactory: bool
    able_to_work: bool
    method: Code
    at: Moment | None = None
    outcome: Outcome = Outcome.REACHED
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        _not_in_future(self.at, now, "/at")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        at: datetime = self.at or desk.clock.now()
        verification = Verification(self.satisfactory, self.able_to_work, self.method, at, self.outcome)
        return desk.verify(number, verification, self.reason, request)


class ResolveBody(Body):
    """Resolve a case."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "fixed", "solution": "spooler restarted", "workaround": False, "cause_corrected": "yes"}
            ]
        }
    )
    code: Literal["fixed", "workaround", "averted", "reclassified_request", "not_reproducible"]
    solution: Text
    workaround: bool
    cause_corrected: Literal["yes", "no", "unknown"]
    problem: Annotated[str, StringConstraints(pattern=r"^PRB-\d{7,12}$")] | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        resolution = Resolution(
            ResolutionCode(self.code), self.workaround, CauseCorrected(self.cause_corrected), self.problem
        )
        return desk.resolve(number, resolution, self.solution, self.reason, request)


class ConfirmationBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    method: Code
    by: Line
    at: Moment


class CloseBody(Body):
    """Close a resolved case with the customer's word."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"confirmation": {"method": "phone", "by": "Jo Field", "at": "2026-11-23T15:00:00Z"}}]
        }
    )
    confirmation: ConfirmationBody | None = None
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        _not_in_future(self.confirmation.at if self.confirmation else None, now, "/confirmation/at")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        said = self.confirmation
        confirmation = Confirmation(said.method, said.at) if said else None
        return desk.close_case(number, confirmation, said.by if said else None, self.reason, request)


class DisputeBody(Body):
    """Dispute the resolution."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it still does not print"}]})
    reason: Text
    received_at: Moment | None = None
    channel: Channel | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        _not_in_future(self.received_at, now, "/received_at")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.dispute(number, self.reason, self.received_at, self.channel, request)


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


def _not_in_future(at: datetime | None, now: datetime, where: str) -> None:
    if at is not None and at > now:
        raise Invalid("it lies in the future", where)
