"""Queries on the views. Every answer names the position it is as of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from application.reports.report import Goals
from application.reports.what_if.history import Histories
from application.views.case_filters import Condition, Sort


@dataclass(frozen=True)
class Point:
    """A past point: what the ledger knew (`position`), and what had happened (`effective_at`)."""

    position: int | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """When and by whom a list is asked for, and what of the policy decides on it."""

    now: datetime
    """The moment of the point: it decides what is late."""
    point: Point = field(default_factory=Point)
    by: str = ""
    """The caller, for the queue `mine`."""
    alarm: timedelta = timedelta(0)
    """How long a case may lack a priority (R-5.4d)."""
    pausing: tuple[str, ...] = ()
    """The pending reasons that stop the clock of the targets (R-5.4c)."""

    @property
    def late(self) -> datetime:
        """A case without a priority received before this has lacked it for too long."""
        return self.now - self.alarm

    def at(self, moment: str) -> Asked:
        """The same as asked at the moment of a cursor."""
        return replace(self, now=datetime.fromisoformat(moment))


@dataclass(frozen=True)
class Page:
    """A keyset page: the key to start after, and the size."""

    after: tuple[Any, ...] | None = None
    limit: int = 50


@dataclass(frozen=True)
class Total:
    """How many entries a list has on all pages; at least so many where that is not ``exact``."""

    cases: int
    exact: bool


@dataclass(frozen=True)
class Listing:
    """Rows, whether more follow, and the position they are as of."""

    items: Sequence[Mapping[str, Any]]
    next_key: tuple[Any, ...] | None
    position: int
    total: Total | None = None
    """None where nobody counts."""


@dataclass(frozen=True)
class QueueCounts:
    """How much stands in each queue that holds something, and the position this is as of."""

    queues: Mapping[str, int]
    """The queues in which each open case stands once, and those of obligations, of messages, and of unprioritized cases."""
    attention: Mapping[str, int]
    """Other lists of open cases, by what they need."""
    position: int


@dataclass(frozen=True)
class ReportQuestion:
    """The parameters of a report (kpis.md)."""

    name: str
    since: datetime | None = None
    until: datetime | None = None
    point: Point = field(default_factory=Point)
    by: str | None = None
    """One or two breakdowns, with a comma between."""
    now: datetime | None = field(default=None, compare=False)
    """The reference time, which decides whether a window has ended. None: the time of the last known event."""
    zone: str = field(default="UTC", compare=False)
    """The time zone of its months, by its name in the IANA database."""
    goals: Goals = field(default=Goals(), compare=False)
    """The policy's goals of attainment."""


class Positions(Protocol):
    """How far the views have folded the ledger."""

    async def last(self) -> int:
        """Return the last position that the views have folded."""
        ...

    async def at(self, moment: datetime) -> int:
        """Return the position of the last event recorded at or before a time, or 0."""
        ...


class Lists(Protocol):
    """Pages of the entries of a view."""

    async def cases(self, conditions: Sequence[Condition], sort: Sort, page: Page, asked: Asked) -> Listing:
        """Return the cases that meet all conditions, now or at a past point.

        All pages are as of one position: no case is listed twice, or left out, while cases change.
        """
        ...

    async def queues(self, asked: Asked) -> QueueCounts:
        """Count the entries of every non-empty queue.

        `obligations` counts what is owed, `quarantine` the messages that wait, `unprioritized` the cases without a
        priority for longer than the policy's alarm (R-5.4d).
        """
        ...

    async def queue(self, name: str, page: Page, asked: Asked) -> Listing:
        """Return a queue in the order in which it is worked, now or at a past point. All pages are as of one position."""
        ...

    async def obligations(self, filters: Mapping[str, str], page: Page, asked: Asked) -> Listing:
        """Return open obligations by due time; filters: `kind`, `role`, `team` and `case` (its number).

        All pages are as of one position.
        """
        ...

    async def unresolved_problems(self, service: str | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return number and status of the newest Problem Cases, of one service or all, that are not resolved yet."""
        ...

    async def problems(self, filters: Mapping[str, str], page: Page) -> Listing:
        """Return Problem Cases by number; filters: `status`, `service` and `known_error`."""
        ...

    async def quarantine(self, page: Page, *, recorded: bool = False) -> Listing:
        """Return messages that wait for a decision, or ``recorded`` automatic ones, oldest first (R-5.1d)."""
        ...


class Search(Protocol):
    """Searches by words."""

    async def cases(self, query: str, page: Page, filters: Mapping[str, Any] | None = None) -> Listing:
        """Search cases by what was said in them: those with all words, then those with similar words.

        Filters: `status`, `service`, `team`, and `received_from` and `received_to`, which are times. The newest cases come
        first: enough for a page are ranked, then the next older ones. A page may have fewer cases than its size, or none,
        and be followed by more.
        """
        ...

    async def known_errors(self, query: str | None, service: str | None, page: Page) -> Listing:
        """Return known errors by likeness to the query, settled problems last (R-5.5b). All without a query."""
        ...


class Reports(Protocol):
    """The reports, computed from views."""

    async def report(self, question: ReportQuestion) -> dict[str, Any]:
        """Return a report in the form of `kpis.md`. Raises KeyError for an unknown name."""
        ...


class Retention(Protocol):
    """Whose data the desk keeps, and for how long."""

    async def report(self, now: datetime, kept: timedelta) -> dict[str, Any]:
        """Report the persons whose data are kept, and those beyond ``kept``, the retention period."""
        ...


class Health(Protocol):
    """How the desk itself is doing."""

    async def figures(self) -> Mapping[str, Mapping[str, Any]]:
        """What each worker has done since it started: `done` by kind, `cpu_seconds`, `resident_bytes`, `uncaught_errors`."""
        ...

    async def status(self) -> Mapping[str, Any]:
        """Return positions, lags, counts of waiting work, and the event that halted the projector, if any."""
        ...

    async def is_projecting(self) -> bool:
        """Whether a projector is at work, so that recorded events will be folded."""
        ...

    async def set_aside(self) -> Sequence[Mapping[str, Any]]:
        """Return the items that workers have given up until their next start, oldest first; at most 100."""
        ...


class WebhookDeliveries(Protocol):
    """What became of deliveries to webhooks."""

    async def attempts(self, webhook: str, page: Page) -> Listing:
        """Return the attempts to deliver to a webhook, newest first."""
        ...

    async def standings(self) -> Sequence[Mapping[str, Any]]:
        """Return how far each webhook is that is not retired, and why nothing is sent."""
        ...


@dataclass(frozen=True)
class Views:
    """The read side: each question has its place."""

    positions: Positions
    lists: Lists
    search: Search
    reports: Reports
    retention: Retention
    health: Health
    webhooks: WebhookDeliveries
    histories: Histories


@dataclass(frozen=True)
class FeedItem:
    """One event of the public feed, as stored, with digests."""

    position: int
    document: Mapping[str, Any]


class Feed(Protocol):
    """The ledger as a resumable feed. A reader who waits holds no thread."""

    async def page(self, after: int, limit: int) -> Sequence[FeedItem]:
        """The next events after a position, oldest first."""
        ...

    async def wait_for_event(self, after: int, seconds: float) -> bool:
        """Wait until there may be an event after a position. Returns False on timeout."""
        ...

    async def wait_for_view(self, position: int, seconds: float) -> bool:
        """Wait until the views have folded a position. Returns False on timeout."""
        ...
