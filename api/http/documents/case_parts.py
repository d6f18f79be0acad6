"""The parts of a case as it reads."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import (
    AgencyCode,
    At,
    CustomerCode,
    Document,
    EmailText,
    NameText,
    PersonCode,
    PhoneText,
    RoleName,
    ServiceCode,
    TeamCode,
    Version,
)
from api.http.fields import CaseNumber, LevelNumber, such_as
from domain.case.status import Status
from domain.case.terms import CauseCorrected, LinkKind, Major, PendingReason, ResolutionCode
from domain.obligation import ObligationKind

CaseStatus = Annotated[Status, such_as("resolved")]
FirstCase = Annotated[CaseNumber, such_as("INC-0000001")]
Words = Annotated[str, such_as("jobs stay queued")]


class Customer(Document):
    """The person whom a case affects."""

    id: CustomerCode
    """Their customer id. It follows from their address."""
    name: NameText | None
    """Their name. Null once erased."""
    email: EmailText | None
    """Their mail address."""
    phone: PhoneText | None
    """Their telephone number."""
    agency: AgencyCode | None
    """The id of their agency."""


class Reporter(Document):
    """The person who reported a case, if that is not the customer."""

    name: NameText | None = None
    """Their name."""
    email: EmailText | None = None
    """Their mail address."""
    phone: PhoneText | None = None
    """Their telephone number."""
    agency: AgencyCode | None = None
    """The id of their agency."""


class TargetCalendar(Document):
    """The calendar that a case's targets run on, and who named it (R-4.1a)."""

    name: Annotated[str, such_as("business")]
    """`always`, or `business` for the policy's business hours."""
    of: Annotated[str, such_as("service")]
    """Who named it: `service`, `team` or `policy`."""
    entry: ServiceCode | None
    """The id of the service or team that named it."""
    version: Version | None
    """The version of that entry."""


class Pending(Document):
    """The mark on a case that waits."""

    reason: Annotated[PendingReason, such_as("customer")]
    """What it waits for."""
    since: At
    """Since when."""
    question: Annotated[str, such_as("Does the lamp on the printer blink?")] | None = None
    """The question that was mailed to the customer."""


class Resolution(Document):
    """How a case was resolved."""

    code: Annotated[ResolutionCode, such_as("fixed")]
    """How it was resolved (R-5.8e)."""
    workaround: Annotated[bool, such_as(False)]
    """Whether this works around the cause."""
    cause_corrected: Annotated[CauseCorrected, such_as("yes")]
    """Whether the underlying cause is corrected (R-5.8.1a)."""
    solution: Annotated[str, such_as("spooler restarted")] | None
    """What was done. Null once erased."""


class CaseLink(Document):
    """A link to another case (R-5.6c)."""

    case: FirstCase
    """The other case."""
    kind: Annotated[LinkKind, such_as("related")]
    """What the other case is to this one."""


class Consultation(Document):
    """A question about another case to those who work on it (R-5.6b)."""

    case: FirstCase
    """The other case."""
    technician: PersonCode | None
    """Who was asked."""
    team: TeamCode | None
    """The team that was asked."""
    asked_at: At
    """When."""
    answered_by: PersonCode | None
    """Who answered. Null while nobody has."""


class MajorIncident(Document):
    """Where a case stands as a major incident (R-5.7b)."""

    status: Annotated[Major, such_as("declared")]
    """`nominated`, `declared` or `rejected`."""
    owner: PersonCode | None
    """Who leads it."""


class CaseObligation(Document):
    """Something the desk owes about a case."""

    key: Annotated[str, such_as("inform_customer")]
    """Its name on the case, for `discharge`."""
    kind: Annotated[ObligationKind, such_as("inform_customer")]
    """What is owed."""
    due_at: At
    """By when."""
    role: RoleName
    """The role that owes it."""
    team: TeamCode | None
    """The team that owes it."""
    about: Annotated[str, such_as("INC-0000001")]
    """What tells it apart from others of its kind; empty if nothing must."""


class Assumed(Document):
    """What a monitoring source's mapping makes of its labels, for a technician to confirm."""

    impact: LevelNumber | None
    """The impact, 1 to 3."""
    severity: LevelNumber | None
    """The severity, 1 to 3."""
    rule: Annotated[int, such_as(0)] | None
    """The place of the rule in the mapping, from 0. Null: the defaults."""
    source_version: Version | None
    """The version of the source."""


class LegalHold(Document):
    """A legal hold: nothing in the case is erased."""

    since: At
    """Since when."""
    approved_by: Annotated[str, such_as("r.audit")]
    """The auditor who approved it."""


class Candidate(Document):
    """A case that may be about the same incident (R-5.6a)."""

    case: FirstCase
    """The other case."""
    score: Annotated[float, such_as(0.81)]
    """How alike the two are, 0 to 1."""
