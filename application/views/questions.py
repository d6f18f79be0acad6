"""What may be asked of the views. Every answer says which position it is as of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

Sort = Literal["number", "-number"]


@dataclass(frozen=True)
class Point:
    """A moment to look at: what the ledger knew (`position`), and what had happened by then (`effective_at`)."""

    position: int | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True)
class Page:
    """A page by keyset: after which key, and how many."""

    after: tuple[Any, ...] | None = None
    limit: int = 50


@dataclass(frozen=True)
class Listing:
    """Rows, whether there are more, and the position they are as of."""

    items: Sequence[Mapping[str, Any]]
    next_key: tuple[Any, ...] | None
    position: int


@dataclass(frozen=True)
class ReportQuestion:
    """What a report is asked (kpis.md)."""

    name: str
    since: datetime | None = None
    until: datetime | None = None
    point: Point = field(default_factory=Point)
    by: str | None = None
    now: datetime | None = field(default=None, compare=False)
    """When it is asked, or was: by then a window has ended or has not. None: the time of the last event known."""
    zone: str = field(default="UTC", compare=False)
    """The time zone of its months, by its name in the IANA database."""


class Views(Protocol):
    """The read side."""

    def position(self) -> int:
        """Up to where the views have folded the ledger."""
        ...

    def position_at(self, moment: datetime) -> int:
        """The position of the last event recorded at or before a moment; 0 when there is none."""
        ...

    def cases(self, filters: Mapping[str, str], sort: Sort, page: Page) -> Listing:
        """Cases by number, filtered by the columns of the view. Raises ValueError for a filter that is none."""
        ...

    def queues(self, now: datetime, alarm: timedelta) -> Listing:
        """Every queue that something stands in, with how much: the desk's and the teams', and what needs a look.

        `obligations` counts what is owed, `quarantine` the messages that wait, `unprioritized` the cases without a priority for longer than ``alarm``
        (R-5.4d).
        """
        ...

    def queue(
        self,
        name: str,
        point: Point,
        page: Page,
        now: datetime | None = None,
        alarm: timedelta = ...,
    ) -> Listing:
        """A queue by priority and time of receipt, now or as of a past point.

        ``now`` (the moment of the point) and ``alarm`` are for the queue `unprioritized`; without ``now`` it has every
        case without a priority.
        """
        ...

    def obligations(self, filters: Mapping[str, str], point: Point, now: datetime, page: Page) -> Listing:
        """What is owed, by due time; filtered by `kind`, `role`, `team` and `case` (its number)."""
        ...

    def problems(self, filters: Mapping[str, str], page: Page) -> Listing:
        """Problem Cases by number; filtered by `status`, `service` and `known_error`."""
        ...

    def known_errors(self, query: str | None, service: str | None, page: Page) -> Listing:
        """Known errors by likeness to the query, those of settled problems last (R-5.5b); all without a query."""
        ...

    def quarantine(self, page: Page, *, recorded: bool = False) -> Listing:
        """Messages that wait for a person's decision, or those that are ``recorded`` as no person's; oldest first (R-5.1d)."""
        ...

    def search(self, query: str, page: Page) -> Listing:
        """Cases by what customers said in them: those with the words, then open ones with similar words."""
        ...

    def report(self, question: ReportQuestion) -> dict[str, Any]:
        """A report as `kpis.md` shapes it. Raises KeyError for a name that is none."""
        ...

    def retention(self, now: datetime, kept: timedelta) -> dict[str, Any]:
        """Whose data are kept, and for whom ``kept``, the retention period, is over; as a report is shaped."""
        ...

    def health(self) -> Mapping[str, Any]:
        """Positions, and the event that halted the projector, if one did."""
        ...


@dataclass(frozen=True)
class FeedItem:
    """One event of the public feed: its state as stored, digests and all."""

    position: int
    document: Mapping[str, Any]


class Feed(Protocol):
    """The ledger as a resumable feed. A reader who waits holds no thread."""

    async def page(self, after: int, limit: int) -> Sequence[FeedItem]:
        """The next events after a position, oldest first."""
        ...

    async def wait_for_event(self, after: int, seconds: float) -> bool:
        """Wait until there may be an event after a position; False when the time is over."""
        ...

    async def wait_for_view(self, position: int, seconds: float) -> bool:
        """Wait until the views have folded a position; False when the time is over."""
        ...
