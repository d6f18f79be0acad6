"""The history of one case as far as a policy decides on it: assessments, waits, resolutions and dispute windows.

It is told by a few columns of a few events, so that a million cases can be told in a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.calendar import SupportCalendar
from domain.case.clauses.closure import CLOSES
from domain.policy import Policy

TOPICS = (
    *("case.logged", "case.prioritized", "case.priority_imported", "case.pended", "case.resumed", "case.resolved"),
    *("case.notified", "case.informed", "case.notification_failed", "case.disputed", "case.dispute_dismissed"),
    *("case.reopened", "case.unlinked", "case.closed", "case.verified", "case.noted", "case.attached"),
    "case.discharged",
)
"""The events that tell it."""


class Told(NamedTuple):
    """What one event tells, in a form that all of them share."""

    case: UUID
    position: int
    topic: str
    at: datetime
    """When it happened."""
    text: str | None = None
    """The number, the reason code, the resolution code, or who closed."""
    moment: datetime | None = None
    """The event's own time: of receipt, of the beginning, of the resolution, of the contact, of the closure."""
    until: datetime | None = None
    """The end of a dispute window, or the target to resolve."""
    respond_by: datetime | None = None
    impact: int | None = None
    severity: int | None = None
    priority: int | None = None
    computed: int | None = None
    """The priority of the matrix, where a person overrode it."""
    calendar: str | None = None
    calendar_of: str | None = None
    score: float | None = None
    """Of the most similar case that was shown at logging; -1 where a search found none."""
    marked: bool = False
    """Whether the case was imported; whether a pause ended; whether the window stopped."""
    contact: datetime | None = None
    """When it was a substantive contact with the customer (`CaseState.contacted`)."""


_NEVER = datetime.min.replace(tzinfo=UTC)


class Ending(StrEnum):
    """What ended a dispute window."""

    TIMER = "timer"
    PERSON = "person"
    REOPENING = "reopening"


@dataclass
class Window:
    """A dispute window: from the contact that started it to what ended it."""

    since: datetime
    first_until: datetime
    """Its end as the policy gave it."""
    until: datetime
    """Its end as it came to be: a mail of unclear intent halts the timer (R-5.9c)."""
    ending: Ending | None = None
    ended_at: datetime | None = None
    disputed_at: datetime | None = None
    """When a dispute of this resolution was received."""

    def end_under(self, policy: Policy) -> datetime:
        """Its end under another policy, halted as it was."""
        return policy.window_from(self.since) + (self.until - self.first_until)


@dataclass
class Wait:
    """A wait, and when it ended."""

    reason: str
    since: datetime
    until: datetime | None = None


@dataclass
class CaseHistory:
    """One case, as its events tell it in order."""

    number: str = ""
    position: int = 0
    """Where it was logged."""
    received_at: datetime = _NEVER
    imported: bool = False
    score: float | None = None
    impact: int | None = None
    severity: int | None = None
    priority: int | None = None
    assessed_in_part: bool = False
    overridden: bool = False
    calendar: SupportCalendar | None = None
    respond_by: datetime | None = None
    resolve_by: datetime | None = None
    waits: list[Wait] = field(default_factory=list)
    rests: list[tuple[datetime, datetime]] = field(default_factory=list)
    """Times between a resolution and the reopening after it."""
    windows: list[Window] = field(default_factory=list)
    code: str | None = None
    resolved_at: datetime | None = None
    closed: bool = False
    responded_at: datetime | None = None

    @classmethod
    def of(cls, told: Iterable[Told]) -> CaseHistory:
        """Read the events of one case, in order."""
        case = cls()
        for event in told:
            if (read := _READS.get(event.topic)) is not None:
                read(case, event)
            if event.contact is not None:
                at = max(event.contact, case.received_at)
                case.responded_at = at if case.responded_at is None else min(at, case.responded_at)
        return case

    @property
    def without_targets(self) -> bool:
        """Whether nobody set targets: it was never assessed, or by another desk."""
        return self.respond_by is None

    def pauses(self, policy: Policy) -> list[tuple[datetime, datetime]]:
        """When its clock would have stood still under a policy."""
        waits = [(w.since, w.until) for w in self.waits if w.until is not None and w.reason in policy.pausing]
        return [*waits, *self.rests]

    @property
    def window(self) -> Window | None:
        """The window that runs."""
        return self.windows[-1] if self.windows and self.windows[-1].ending is None else None

    def end_wait(self, at: datetime) -> None:
        """End the wait that lasts, if one does."""
        if self.waits and self.waits[-1].until is None:
            self.waits[-1].until = at

    def end_window(self, ending: Ending, at: datetime | None) -> None:
        """End the window that runs, if one does."""
        if (window := self.window) is not None:
            window.ending, window.ended_at = ending, at


def _logged(case: CaseHistory, told: Told) -> None:
    assert told.moment is not None
    case.number, case.position, case.received_at = told.text or "", told.position, told.moment
    case.imported, case.score = told.marked, told.score


def _prioritized(case: CaseHistory, told: Told) -> None:
    case.impact, case.severity, case.priority = told.impact, told.severity, told.priority
    case.overridden, case.assessed_in_part = told.computed is not None, False
    named = told.calendar is not None and told.calendar_of is not None
    case.calendar = SupportCalendar(told.calendar or "", told.calendar_of or "") if named else None
    case.respond_by, case.resolve_by = told.respond_by, told.until


def _assessed_elsewhere(case: CaseHistory, told: Told) -> None:
    case.priority = told.priority or case.priority
    case.assessed_in_part = True


def _pended(case: CaseHistory, told: Told) -> None:
    assert told.moment is not None
    case.end_wait(told.moment)
    case.waits.append(Wait(told.text or "", told.moment))


def _resumed(case: CaseHistory, told: Told) -> None:
    case.end_wait(told.at)
    case.resolve_by = told.until or case.resolve_by


def _resolved(case: CaseHistory, told: Told) -> None:
    assert told.moment is not None
    case.end_wait(told.moment)
    case.resolved_at, case.code = told.moment, told.text
    case.resolve_by = told.until or case.resolve_by


def _told_customer(case: CaseHistory, told: Told) -> None:
    """A contact starts the window, where it sets an end of one."""
    if told.until is not None and told.moment is not None:
        since = told.moment if case.resolved_at is None else max(told.moment, case.resolved_at)
        since = told.moment if told.topic == "case.notified" else since
        case.windows.append(Window(since, told.until, told.until))


def _stopped(case: CaseHistory, told: Told) -> None:
    if told.marked and case.window is not None:
        case.windows.pop()


def _dismissed(case: CaseHistory, told: Told) -> None:
    if case.window is not None and told.until is not None:
        case.window.until = told.until


def _disputed(case: CaseHistory, told: Told) -> None:
    if case.windows:
        case.windows[-1].disputed_at = told.moment


def _reopened(case: CaseHistory, told: Told) -> None:
    if told.topic == "case.unlinked" and not told.marked:
        return
    if case.resolved_at is not None:
        case.rests.append((case.resolved_at, told.at))
    case.resolve_by = told.until or case.resolve_by
    case.end_window(Ending.REOPENING, told.at)
    case.resolved_at = case.code = None
    case.closed = False


def _closed(case: CaseHistory, told: Told) -> None:
    case.end_window(Ending.TIMER if told.text == CLOSES else Ending.PERSON, told.moment)
    case.closed = True


_READS = {
    "case.logged": _logged,
    "case.prioritized": _prioritized,
    "case.priority_imported": _assessed_elsewhere,
    "case.pended": _pended,
    "case.resumed": _resumed,
    "case.resolved": _resolved,
    "case.notified": _told_customer,
    "case.informed": _told_customer,
    "case.notification_failed": _stopped,
    "case.dispute_dismissed": _dismissed,
    "case.disputed": _disputed,
    "case.reopened": _reopened,
    "case.unlinked": _reopened,
    "case.closed": _closed,
}
"""How each event is read. Together they follow the folds of the case."""


class Histories(Protocol):
    """The histories of cases, as far as a policy decides on them."""

    async def each(
        self, since: datetime | None, until: datetime | None, take: Callable[[Iterator[CaseHistory]], None]
    ) -> int:
        """Tell the cases received in a period, in batches and in a thread. Returns the position that they stand on."""
        ...
