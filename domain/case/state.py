"""What the rules remember of a case, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
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
from domain.errors import InvalidTransition, PriorityRequired
from domain.obligation import Obligation
from domain.policy import Policy
from domain.values import Candidate, Channel, Disclosure, Level, Nature, Provenance


class CaseState:
    """The state of a case between two events. Rooms read it; events assign it."""

    if TYPE_CHECKING:  # the aggregate's own: a view folds events into a state without them
        version: int
        obligations: dict[str, Obligation]

        def record(self, event: type[Recorded], provenance: Provenance, **fields: Any) -> None:
            """Append an event."""

    number: str
    channel: Channel
    nature: Nature
    received_at: datetime
    customer: str
    agency: str | None
    reporter: str | None
    """Who reported the incident, where that is not the customer (R-5.1b)."""
    unverified: bool
    """Whether nobody has shown that the customer's address is theirs."""
    shown_candidates: tuple[Candidate, ...] | None
    """Duplicate candidates shown at logging (R-5.6a)."""
    service: str | None
    service_version: int | None
    service_name: str | None
    window_since: datetime | None
    """Start of the dispute window that ends at ``dispute_until``."""
    waited: PendingMark | None
    """The wait that the resolution ended."""
    contact: Disclosure | None
    words: Disclosure | None
    reported_by: Disclosure | None
    solution: Disclosure | None
    asked: MailedQuestion | None
    """The latest question mailed to the customer."""
    assumed: Assumption | None
    """What monitoring derives from its labels, for a technician to confirm."""
    recovered_at: datetime | None
    """When all alerts had recovered; None once one fires again. Evidence only (R-5.8d)."""
    truncated: bool
    """Whether the source left alerts out."""
    alerts: frozenset[tuple[str, str]]
    """Source and fingerprint of every alert that ever fired for the case."""

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
        self.responded_at: datetime | None = None
        """The first contact with the customer (`contacted`)."""
        self.respond_warning_at: datetime | None = None
        self.resolve_warning_at: datetime | None = None
        self.calendar: SupportCalendar | None = None
        """The calendar of the targets, by the latest assessment."""
        self.pauses: tuple[tuple[datetime, datetime], ...] = ()
        """Intervals in which the clock stood still."""
        self.missing: tuple[str, ...] = ()
        self.required: tuple[str, ...] = ()
        """Missing information without which the case cannot be resolved (R-5.2c)."""
        self.impersonal = False
        """Whether an alert opened it and no person did: the service's owner stands in for the customer (R-5.8d)."""
        self.ever_assigned = self.truncated = False
        self.alerts = frozenset()
        self.attempts: tuple[tuple[datetime, str], ...] = ()
        """Times and methods of failed attempts to reach the customer since the last work (R-5.8c)."""
        self.links: dict[str, LinkKind] = {}
        self.unrelated: frozenset[str] = frozenset()
        self.consultations: dict[str, Consultation] = {}
        self.major: Major | None = None
        self.major_owner: str | None = None
        self.nomination_due: datetime | None = None
        self.communication_every: timedelta | None = None
        self.resolution_version: int | None = None
        """The version of the resolution that a mail or a timer is about."""
        self.suspected_at: datetime | None = None
        """When a mail of unclear intent arrived. The timer stands still from there (R-5.9c)."""
        self.notified_by: str | None = None
        """The mail that started the window; None where none did."""
        self.correspondents: frozenset[str] = frozenset()
        """Ids of those who have written about the case since it was logged."""
        self.symptomatic = False
        """Whether symptoms or a diagnosis are recorded (R-5.5c)."""
        self.last_work_at: datetime | None = None
        self.verified_at: datetime | None = None
        """Time of the latest positive verification; None once later work voids it (R-5.8a)."""
        self.contact = self.words = self.reported_by = self.solution = None
        self.corrections: dict[str, Disclosure] = {}
        self.attachments: tuple[Attachment, ...] = ()
        self.messages: tuple[CaseMessage, ...] = ()
        self.source_system: str | None = None
        self.hold: LegalHold | None = None

    def worked(self, at: datetime) -> None:
        """Remember work on the case. It voids an earlier verification (R-5.8a)."""
        self.last_work_at = at if self.last_work_at is None else max(at, self.last_work_at)
        self.verified_at, self.attempts = None, ()

    def contacted(self, at: datetime) -> None:
        """Remember a substantive contact with the customer. The first one is the response (kpis.md, Time to respond).

        Such are: a note or a file that staff show the customer, a question mailed to them, a person reached for a
        verification, a mail about the resolution that a server accepted, the customer informed by other means, their
        recorded confirmation, and an obligation to ask or tell them that was discharged. The time of the contact counts.
        An acknowledgement is none, nor is anything that the customer does by themselves.
        """
        at = max(at, self.received_at)
        self.responded_at = at if self.responded_at is None else min(at, self.responded_at)

    def paused(
        self,
        since: datetime | None,
        until: datetime,
        resolve_by: datetime | None = None,
        resolve_warning_at: datetime | None = None,
    ) -> None:
        """Remember a pause of the clock, where there was one, and the target and the warning that it moved (R-5.4c)."""
        if since is not None:
            self.pauses = (*self.pauses, (since, until))
        if resolve_by is not None:
            self.resolve_by, self.resolve_warning_at = resolve_by, resolve_warning_at

    @property
    def closes_at(self) -> datetime | None:
        """When the timer closes the case: at the end of its window; never while a mail awaits a decision (R-5.9c, R-5.9d)."""
        waits = self.status is not Status.RESOLVED or self.suspected_at is not None
        return None if waits else self.dispute_until

    @property
    def duplicate_of(self) -> str | None:
        """The first case, where this one is its duplicate."""
        return next(iter(self.linked((LinkKind.DUPLICATE_OF,))), None)

    @property
    def continued(self) -> bool:
        """Whether it is resolved as a duplicate, and so closes and reopens with the first case (R-5.6c)."""
        return self.resolution is not None and self.resolution.code is ResolutionCode.DUPLICATE

    @property
    def goes_with(self) -> str | None:
        """The first case that this one goes with; None where it goes by itself (R-5.6c)."""
        by_itself = self.status in SETTLED and not self.continued
        return None if by_itself else self.duplicate_of

    @property
    def incomplete(self) -> bool:
        """Whether required information is missing (R-5.2c)."""
        return bool(self.required)

    def linked(self, kinds: Collection[LinkKind]) -> list[str]:
        """Numbers of the cases linked in one of these ways."""
        return [number for number, kind in self.links.items() if kind in kinds]

    def can_be_about_resolution(self, received_at: datetime) -> bool:
        """Whether words received then can be about the resolution rather than the case before it (R-5.9c)."""
        return self.resolved_at is not None and received_after(received_at, self.resolved_at)

    def settled_since(self, policy: Policy) -> datetime | None:
        """Since when the clock stands still: for the resolution, or for the wait that the resolution ended (R-5.4c)."""
        paused = self.waited is not None and self.waited.reason in policy.pausing
        return self.waited.since if self.waited is not None and paused else self.resolved_at

    def allow(self, command: str, provenance: Provenance) -> None:
        """Refuse a command that the table does not list for this status and role. Raises InvalidTransition."""
        allow(command, self.status, provenance.by.role)

    def require_own_way(self, command: str) -> None:
        """Refuse to move a duplicate by itself: it goes with the first case (R-5.6c). Raises InvalidTransition."""
        if self.continued or self.goes_with is not None:
            first = self.duplicate_of or "another"
            raise InvalidTransition(f"This case is continued as {first} and cannot {command} by itself.")

    def require_priority(self) -> None:
        """Refuse work on a case without a priority (5.4 before 5.5). Raises PriorityRequired."""
        if self.status is Status.TRIAGED:
            raise PriorityRequired
