"""A case as it reads."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.attachments import Attachment, Message
from api.http.documents.base import (
    At,
    ChannelName,
    Count,
    CustomerCode,
    Document,
    Id,
    PersonCode,
    ServiceCode,
    TeamCode,
    Version,
    unless_hidden,
)
from api.http.documents.case_parts import (
    Assumed,
    Candidate,
    CaseLink,
    CaseObligation,
    CaseStatus,
    Consultation,
    Customer,
    FirstCase,
    LegalHold,
    MajorIncident,
    Pending,
    Reporter,
    Resolution,
    TargetCalendar,
    Words,
)
from api.http.fields import CaseNumber, LevelNumber, PriorityNumber, ProblemNumber, such_as
from domain.values import Nature


class CaseReceipt(Document):
    """What a role that reads no cases is told of a case (R-2.1a)."""

    number: CaseNumber
    """The case number."""
    id: Id
    """Its id."""
    version: Version
    """Its version."""
    status: CaseStatus
    """Its status."""


class Case(CaseReceipt):
    """A case. Texts that were erased read as null, and `erased` says so. Customers read fewer fields (R-2.1a)."""

    priority: PriorityNumber | None
    """1 (most urgent) to 4. Null before it is prioritised."""
    impact: LevelNumber | None
    """1 (high) to 3 (low)."""
    severity: LevelNumber | None
    """1 (high) to 3 (low)."""
    matrix: Annotated[str, such_as("matrix/1")] | None
    """The version of the matrix that gave the priority."""
    service: ServiceCode | None
    """The id of the affected service."""
    service_version: Annotated[int, such_as(1)] | None
    """The version of the service when the case was logged."""
    service_name: Annotated[str, such_as("Printing")] | None
    """The name of the service then."""
    team: TeamCode | None
    """The team that holds the case. Null: the desk."""
    technician: PersonCode | None
    """Who works on it."""
    channel: ChannelName
    """How it reached the desk."""
    nature: Annotated[Nature, such_as("actual")]
    """Whether the service is interrupted now, or will be."""
    customer: Customer
    """Whom it affects."""
    reporter: Reporter | None
    """Who reported it, if that is not the customer."""
    on_behalf_of: CustomerCode | None
    """The customer id, if somebody else reported it."""
    unverified: Annotated[bool, such_as(False)]
    """Whether it was reported by somebody who gave no proof of who they are."""
    subject: Annotated[str, such_as("No network at the counter")] | None
    """What it is about, in one line."""
    description: Annotated[str, such_as("No network at the counter, since this morning.")] | None
    """What happened, in the customer's words."""
    symptoms: Words | None
    """What the customer observes."""
    location: Annotated[str, such_as("Building 4, floor 2")] | None
    """Where it happens."""
    asset: Annotated[str, such_as("SW-0042")] | None
    """The inventory number of the affected device."""
    callback: Annotated[str, such_as("405-555-0001, before 15:00")] | None
    """How and when the customer wants to be called back."""
    quoted: Annotated[str, such_as("> Is the cable plugged in?")] | None
    """What the customer's mail quoted."""
    received_at: At
    """When the contact reached the desk."""
    resolved_at: At | None
    """When it was resolved."""
    closed_at: At | None
    """When it was closed."""
    dispute_until: Annotated[At, such_as("2026-11-26T14:00:00Z")] | None
    """The end of its dispute window. Null before the notification is accepted."""
    dispute_candidate_since: At | None
    """Since when a message that may be a dispute suspends the automatic closure."""
    respond_by: Annotated[At, such_as("2026-11-23T16:00:00Z")] | None
    """The target for the first contact."""
    resolve_by: Annotated[At, such_as("2026-11-23T23:00:00Z")] | None
    """The target for the resolution."""
    responded_at: At | None
    """When the desk first had substantive contact with the customer."""
    calendar: TargetCalendar | None
    """The calendar of both targets."""
    incomplete: Annotated[bool, such_as(False)]
    """Whether required information is missing (R-5.2c)."""
    missing: Annotated[list[str], such_as(["symptoms", "callback"])]
    """The information that is missing, required or not."""
    pending: Pending | None
    """What it waits for."""
    resolution: Resolution | None
    """How it was resolved."""
    problem: ProblemNumber | None
    """The Problem Case of its cause."""
    links: list[CaseLink]
    """Its links to other cases."""
    unrelated: Annotated[list[FirstCase], such_as(["INC-0000003"])] = unless_hidden()
    """Cases that somebody found to be unrelated. Not for customers."""
    duplicate_of: FirstCase | None
    """The case that it continues as."""
    consultations: list[Consultation] = unless_hidden()
    """Consultations about other cases. Not for customers."""
    major: MajorIncident | None
    """Where it stands as a major incident."""
    obligations: list[CaseObligation] = unless_hidden()
    """What the desk owes. Not for customers."""
    assumed: Assumed | None = None
    """What monitoring assumes of impact and severity. Not for customers."""
    truncated: Annotated[bool, such_as(False)]
    """Whether its monitoring source left alerts out."""
    recovered_at: At | None
    """When all its alerts had recovered: evidence only (R-5.8d)."""
    follow_up_of: FirstCase | None
    """The closed case that it follows up."""
    external_ref: Annotated[str, such_as("DHS-2026-118")] | None
    """The number of the incident in another system."""
    reopenings: Count
    """How often it was reopened."""
    hand_backs: Count
    """How often a team handed it back."""
    failed_fixes: Count
    """How often the customer verified that a fix did not work."""
    failed_notifications: Count
    """How many attempts failed to inform the customer of the resolution."""
    imported_from: Annotated[str, such_as("servicenow")] | None
    """The system that it was imported from."""
    hold: LegalHold | None = None
    """The legal hold on it. Not for customers."""
    candidates: list[Candidate] | None = None
    """Undecided cases that may be about the same incident, as shown when it was logged. Null: none were searched. Not for
    customers."""
    attachments: list[Attachment]
    """Its files that the reader may see."""
    messages: list[Message]
    """Its messages that the reader may see: the latest 50."""
    earlier_messages: Annotated[int, such_as(0)]
    """How many there are before those. The history has all of them."""
    erased: Annotated[bool, such_as(False)]
    """Whether anything in it was erased."""
    can: Annotated[list[str], such_as(["close", "dispute", "reopen", "notes"])] = unless_hidden()
    """The commands that the reader may give now. Only for staff, and not in past versions."""


class CaseAfterRelation(Case):
    """A case after a decision on another one."""

    candidates: list[Candidate]
    """Candidates that are still undecided, searched now."""


class Followed(Document):
    """What a fan-out did to one case (R-5.7d)."""

    case: Annotated[CaseNumber, such_as("INC-0000002")]
    """The case."""
    outcome: Annotated[str, such_as("refused")]
    """`resolved` or `refused`."""
    type: Annotated[str, such_as("https://caseledger.example/problems/information-required")] | None = None
    """The problem type of the refusal."""
    reason: Annotated[str, such_as("contact must be completed, or waived with a reason (R-5.2c)")] | None = None
    """Why it was refused."""


class CaseAfterFanOut(Case):
    """A case whose resolution others follow."""

    fan_out: list[Followed]
    """What happened to each case."""
