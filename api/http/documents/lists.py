"""Lists of cases, queues and obligations, as the views answer them."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import (
    AgencyCode,
    At,
    ChannelName,
    Count,
    CustomerCode,
    Document,
    Id,
    Page,
    PersonCode,
    RoleName,
    ServiceCode,
    TeamCode,
    Version,
)
from api.http.documents.case_parts import Candidate, CaseStatus, Pending
from api.http.documents.problems import KnownError
from api.http.fields import CaseNumber, LevelNumber, PriorityNumber, ProblemNumber, such_as
from domain.case.terms import Major, ResolutionCode
from domain.obligation import ObligationKind
from domain.values import Nature

QueueName = Annotated[str, such_as("triage")]


class ListedCase(Document):
    """A case in a list."""

    id: Id
    """Its id."""
    number: CaseNumber
    """Its number."""
    version: Version
    """Its version."""
    status: CaseStatus
    """Its status."""
    queue: Annotated[str, such_as("resolved")] | None
    """The queue in which it stands. Null once it is closed."""
    priority: PriorityNumber | None
    """1 (most urgent) to 4."""
    impact: LevelNumber | None
    """1 (high) to 3 (low)."""
    severity: LevelNumber | None
    """1 (high) to 3 (low)."""
    service: ServiceCode | None
    """The id of the affected service."""
    team: TeamCode | None
    """The team that holds it. Null: the desk."""
    technician: PersonCode | None
    """Who works on it."""
    channel: ChannelName
    """How it reached the desk."""
    nature: Annotated[Nature, such_as("actual")]
    """Whether the service is interrupted now, or will be."""
    agency: AgencyCode | None
    """The id of the customer's agency."""
    customer: CustomerCode
    """The customer id."""
    major: Annotated[Major, such_as("declared")] | None
    """Where it stands in the major incident process."""
    received_at: At
    """When the contact reached the desk."""
    updated_at: At
    """When it changed last."""
    respond_by: At | None
    """The target for the first answer."""
    resolve_by: At | None
    """The target for the resolution."""
    due_at: At | None
    """The sooner of its targets that it has not met."""
    resolved_at: At | None
    """When it was resolved."""
    resolution_code: Annotated[ResolutionCode, such_as("fixed")] | None
    """How it was resolved."""
    closed_at: At | None
    """When it was closed."""
    dispute_until: At | None
    """The end of its dispute window."""
    problem: ProblemNumber | None
    """The Problem Case of its cause."""
    reopenings: Count
    """How often it was reopened."""
    external_ref: Annotated[str, such_as("DHS-2026-118")] | None
    """The number of the incident in another system."""
    imported: Annotated[bool, such_as(False)]
    """Whether it was imported."""
    pending: Pending | None
    """What it waits for."""
    subject: Annotated[str, such_as("No network at the counter")] | None
    """What it is about. Null once erased."""


class Total(Document):
    """How many cases a list has, on all pages."""

    cases: Annotated[int, such_as(4)]
    """How many, by the counters of the first page."""
    exact: Annotated[bool, such_as(True)]
    """Whether it is exactly so many: for a queue, for all cases, for one filter that is counted (`status`, `queue`, `team`,
    `technician`, `service`, `channel`, `agency`, `priority`, `impact`, `severity`, `major`, `pending`), and where all stand on the first
    page. Otherwise there are at least so many."""


class CasePage(Page):
    """A page of cases."""

    items: list[ListedCase]
    """The cases."""
    total: Total
    """How many there are."""


class FoundCase(ListedCase):
    """A case that a search found."""

    score: Annotated[float, such_as(0.51)]
    """How well it fits, 0 to 1."""


class SearchPage(Page):
    """A page of found cases."""

    items: list[FoundCase]
    """The cases, the best first."""
    known_errors: list[KnownError]
    """The five known errors that fit best. None on later pages."""


class Queue(Document):
    """A queue."""

    name: QueueName
    """Its name: `GET /queues/{name}` lists it."""
    cases: Annotated[int, such_as(4)]
    """How much stands in it."""


class QueuePage(Page):
    """The queues."""

    items: list[Queue]
    """Every queue in which something stands, by name."""
    attention: list[Queue]
    """Other lists of open cases: `mine`, `unassigned`, `awaiting_customer`, `disputes`, `major` and `breaching`."""


class Obligation(Document):
    """Something the desk owes."""

    case: CaseNumber
    """The case."""
    kind: Annotated[ObligationKind, such_as("inform_customer")]
    """What is owed."""
    key: Annotated[str, such_as("inform_customer")]
    """Its name on the case, for `discharge`."""
    about: Annotated[str, such_as("INC-0000001")] | None
    """What tells it apart from others of its kind."""
    due_at: At
    """By when."""
    since: At
    """Since when."""
    role: RoleName
    """The role that owes it."""
    team: TeamCode | None
    """The team that owes it."""
    overdue: Annotated[bool, such_as(False)]
    """Whether it is late."""


class ObligationPage(Page):
    """A page of obligations."""

    items: list[Obligation]
    """The obligations, by due time."""


class JudgedCandidate(Candidate):
    """A candidate, and whether somebody must decide on it."""

    decision_required: Annotated[bool, such_as(True)]
    """Whether its score reaches the policy's `duplicate_threshold`, so that a person decides (R-5.6b)."""


class CandidatePage(Page):
    """The candidates of a case."""

    items: list[JudgedCandidate]
    """The candidates, most alike first."""
