"""What the rules need to remember of a case, and nothing they do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from domain.aggregate import Recorded
from domain.calendar import SupportCalendar
from domain.case.status import SETTLED, Status, allow
from domain.case.terms import (
    Assumption,
    Attachment,
    CaseMessage,
    Consultation,
    LegalHold,
    LinkKind,
    MailedQuestion,
    Major,
    PendingMark,
    Resolution,
    ResolutionCode,
    received_after,
)
from domain.errors import InvalidTransition
from domain.obligation import Obligation
from domain.policy import Policy
from domain.values import Candidate, Channel, Disclosure, Level, Nature, Provenance


class CaseState:
    """The state of a case between two events. Rooms read it, events' `apply` assign it."""

    if TYPE_CHECKING:
        version: int
        obligations: dict[str, Obligation]

        def record(self, event: type[Recorded], provenance: Provenance, **fields: Any) -> None: ...

    number: str
    channel: Channel
    nature: Nature
    received_at: datetime
    customer: str
    agency: str | None
    reporter: str | None
    """Who told of it, where that is not the customer (R-5.1b)."""
    unverified: bool
    shown_candidates: tuple[Candidate, ...] | None
    """What the one who logged it was shown (R-5.6a)."""
    service: str | None
    service_version: int | None
    service_name: str | None
    window_since: datetime | None
    """When the window started that ends at ``dispute_until``."""
    waited: PendingMark | None
    """The wait that its resolution ended."""
    contact: Disclosure | None
    words: Disclosure | None
    reported_by: Disclosure | None
    solution: Disclosure | None
    asked: MailedQuestion | None
    """The question with which the customer was asked last."""
    assumed: Assumption | None
    """What monitoring makes of its labels, for a technician to confirm."""
    recovered_at: datetime | None
    """When all its alerts had recovered, unless one fires again: evidence only (R-5.8d)."""
    truncated: bool
    """Whether its source left alerts out."""
    alerts: frozenset[tuple[str, str]]
    """Source and fingerprint of every alert that ever fired about it."""

    def begin(self) -> None:  # noqa: PLR0915 - one line for each thing that is remembered
        """Set the state before the first event."""
        self.status = Status.LOGGED
        self.impact: Level | None = None
        self.severity: Level | None = None
        self.priority: int | None = None
        self.matrix: str | None = None
        self.team: str | None = None
        self.technician: str | None = None
        self.pending: PendingMark | None = None
        self.resolution: Resolution | None = None
        self.resolved_at: datetime | None = None
        self.resolved_from: Status | None = None
        self.closed_at: datetime | None = None
        self.dispute_until: datetime | None = None
        self.window_since = self.waited = self.asked = self.assumed = self.recovered_at = None
        self.follow_up_of: str | None = None
        self.follows_own = False
        self.external_ref: str | None = None
        self.reopenings = self.hand_backs = self.failed_fixes = self.failed_notifications = 0
        self.respond_by: datetime | None = None
        self.resolve_by: datetime | None = None
        self.calendar: SupportCalendar | None = None
        """What its targets run on, by its last assessment."""
        self.pauses: tuple[tuple[datetime, datetime], ...] = ()
        """When the clock stood still."""
        self.missing: tuple[str, ...] = ()
        self.required: tuple[str, ...] = ()
        """What is missing and must not be."""
        self.impersonal = False
        """An alert with nobody to call back: the service's owner stands in for the customer (R-5.8d)."""
        self.ever_assigned = self.truncated = False
        self.alerts = frozenset()
        self.attempts: tuple[tuple[datetime, str], ...] = ()
        """When and how the customer could not be reached since the last work (R-5.8c)."""
        self.links: dict[str, LinkKind] = {}
        self.unrelated: frozenset[str] = frozenset()
        self.consultations: dict[str, Consultation] = {}
        self.major: Major | None = None
        self.major_owner: str | None = None
        self.nomination_due: datetime | None = None
        self.communication_every: timedelta | None = None
        self.resolution_version: int | None = None
        """The version that resolved it: what a mail or a timer is about."""
        self.suspected_at: datetime | None = None
        """When a mail of unclear intent came: the timer stands still from there (R-5.9c)."""
        self.notified_by: str | None = None
        """The mail that started the window; None where none did."""
        self.correspondents: frozenset[str] = frozenset()
        """Who has written about the case since, by their ids."""
        self.symptomatic = False
        self.last_work_at: datetime | None = None
        self.verified_at: datetime | None = None
        """When the customer last said that all is well; None once later work made that old news."""
        self.contact = self.words = self.reported_by = self.solution = None
        self.corrections: dict[str, Disclosure] = {}
        self.attachments: tuple[Attachment, ...] = ()
        self.messages: tuple[CaseMessage, ...] = ()
        self.source_system: str | None = None
        self.hold: LegalHold | None = None

    def worked(self, at: datetime) -> None:
        """Remember work on the case: an earlier verification no longer counts (R-5.8a)."""
        self.last_work_at = at if self.last_work_at is None else max(at, self.last_work_at)
        self.verified_at, self.attempts = None, ()

    @property
    def closes_at(self) -> datetime | None:
        """When the timer closes it: at the end of its window, unless a mail waits to be understood (R-5.9c, R-5.9d)."""
        waits = self.status is not Status.RESOLVED or self.suspected_at is not None
        return None if waits else self.dispute_until

    @property
    def duplicate_of(self) -> str | None:
        """The first case, where this one is its duplicate."""
        return next((case for case, kind in self.links.items() if kind is LinkKind.DUPLICATE_OF), None)

    @property
    def continued(self) -> bool:
        """Whether it is resolved as a duplicate: then it closes and reopens with the first case (R-5.6c)."""
        return self.resolution is not None and self.resolution.code is ResolutionCode.DUPLICATE

    def can_be_about_resolution(self, received_at: datetime) -> bool:
        """Whether what was received then can be about the resolution, and not only about the case before it (R-5.9c)."""
        return self.resolved_at is not None and received_after(received_at, self.resolved_at)

    @property
    def goes_with(self) -> str | None:
        """The first case that this one goes with; None where it goes by itself (R-5.6c)."""
        by_itself = self.status in SETTLED and not self.continued
        return None if by_itself else self.duplicate_of

    def require_own_way(self, command: str) -> None:
        """A duplicate goes with the first case, and not by itself (R-5.6c). Raises InvalidTransition."""
        if self.continued or self.goes_with is not None:
            first = self.duplicate_of or "another"
            way = f"This case is continued as {first} and cannot {command} by itself: it goes where {first} goes."
            raise InvalidTransition(command, self.status, way=way)

    def settled_since(self, policy: Policy) -> datetime | None:
        """Since when the clock stands still for its resolution, or for the wait that this ended (R-5.4c)."""
        paused = self.waited is not None and self.waited.reason in policy.pausing
        return self.waited.since if self.waited is not None and paused else self.resolved_at

    @property
    def incomplete(self) -> bool:
        """Whether information is missing that must not be (R-5.2c)."""
        return bool(self.required)

    def allow(self, command: str, provenance: Provenance) -> None:
        """Refuse what the command table does not have for this status and role. Raises InvalidTransition."""
        allow(command, self.status, provenance.by.role)
