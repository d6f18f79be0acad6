"""SOP 5.1-5.2: log a case, follow up on a closed one, waive missing information, correct a field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from api.http.bodies.base import Body, Contact, ReasonBody
from api.http.fields import Code, Email, Line, Moment, Phone, ServiceId, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.logging import IncidentReport, check_received
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Channel, Nature


class LogBody(Body):
    """Log an incident.

    A case gets its number, and everybody reads it by that number from then on. The answer lists open cases that may be
    about the same incident in `candidates`. A customer's own report always has the channel `self_service` and the time
    of the request.
    """

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
    channel: Annotated[Channel, such_as("phone")]
    """How the contact reached the desk. It never changes afterwards (R-5.1a)."""
    received_at: Moment
    """When the contact reached the desk. Not in the future, and not long ago: the policy's `backdating_limit` (72 hours)
    holds for technicians, and a contact older than `backdating_unexplained` (8 hours) needs a `reason` (R-5.2a)."""
    customer: Contact
    """The person whom the incident affects."""
    reporter: Contact | None = None
    """The person who reported it, if that is not the customer (R-5.1b)."""
    service: ServiceId | None = None
    """The id of the affected service, as `GET /services` lists it."""
    subject: Annotated[Line, such_as("Printer on floor 2 does not print")]
    """What it is about, in one line."""
    description: Annotated[Text, such_as("Since this morning nothing comes out; the queue is full.")]
    """What happened, in the customer's words."""
    nature: Annotated[Nature, such_as("actual")]
    """Whether the service is interrupted now, or will be (R-4.2a)."""
    symptoms: Annotated[Text, such_as("jobs stay queued")] | None = None
    """What the customer observes."""
    location: Annotated[Line, such_as("Building 4, floor 2")] | None = None
    """Where it happens."""
    asset: Annotated[Line, such_as("PRN-0042")] | None = None
    """The inventory number of the affected device."""
    callback: Annotated[Line, such_as("405-555-0001, before 15:00")] | None = None
    """How and when the customer wants to be called back."""
    external_ref: Annotated[Code, such_as("DHS-2026-118")] | None = None
    """The number of this incident in another system. Not for customers to set."""
    reason: Annotated[Text, such_as("entered from the paper log of the outage")] | None = None
    """Why the contact is entered this late. Needed if it is older than `backdating_unexplained`."""

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

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.logging.log(self.report(), self.contact, self.words, self.reported_by, request)


class FollowUpBody(LogBody):
    """Log a follow-up of a closed case.

    A later contact about a closed case is a new case, which names the closed one in `follow_up_of` (R-5.9f).
    """

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.logging.follow_up(number, self.report(), self.contact, self.words, self.reported_by, request)


class WaiveBody(ReasonBody):
    """Waive missing information.

    A case with missing required information cannot be resolved. This command lets it be resolved all the same (R-5.2c).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the customer has no telephone"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.logging.waive(number, self.reason, request)


_CODED, _LINES, _TEXTS = (
    ("service", "agency", "external_ref"),
    ("subject", "location", "asset", "callback", "name"),
    ("description", "symptoms"),
)
_RULES: dict[tuple[str, ...], TypeAdapter[Any]] = {
    _CODED: TypeAdapter(Code),
    ("nature",): TypeAdapter(Nature),
    _LINES: TypeAdapter(Line),
    _TEXTS: TypeAdapter(Text),
    ("email",): TypeAdapter(Email),
    ("phone",): TypeAdapter(Phone),
}
"""The fields that may be corrected, and the rule of each. The channel is not among them (R-5.1a)."""
_CORRECTABLE = {field: rule for fields, rule in _RULES.items() for field in fields}
_STATED: list[JsonValue] = [
    {
        "if": {"properties": {"field": {"enum": list(fields)}}, "required": ["field"]},
        "then": {
            "properties": {"value": {k: v for k, v in rule.json_schema().items() if k not in ("title", "examples")}}
        },
    }
    for fields, rule in _RULES.items()
]


class CorrectBody(Body):
    """Correct a field of the log.

    The original stays readable in the history (R-5.2d). The channel cannot be corrected (R-5.1a).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"field": "service", "value": "email", "reason": "was misheard"}],
            "allOf": _STATED,
        }
    )
    field: Annotated[
        Literal[
            "service",
            "agency",
            "external_ref",
            "nature",
            "subject",
            "location",
            "asset",
            "callback",
            "name",
            "description",
            "symptoms",
            "email",
            "phone",
        ],
        such_as("service"),
    ]
    """The field to correct. `name`, `email` and `phone` are the customer's."""
    value: Annotated[Text, such_as("email")]
    """The correct value. The same rules hold for it as when the case is logged."""
    reason: Annotated[Text, such_as("was misheard")]
    """Why. Kept with the event."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """Hold the value to the rule of its field. Raises Invalid."""
        try:
            _CORRECTABLE[self.field].validate_python(self.value)
        except ValidationError as error:
            raise Invalid(error.errors()[0]["msg"], "/value") from None

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.logging.correct(number, self.field, self.value, self.reason, request)
