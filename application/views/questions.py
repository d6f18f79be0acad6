"""What may be asked of the views. Every answer says which position it is as of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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


class Views(Protocol):
    """The read side."""

    def position(self) -> int:
        """Up to where the views have folded the ledger."""
        ...

    def position_at(self, moment: datetime) -> int:
        """The position of the last event recorded at or before a moment; 0 when there is none."""
        ...

    def cases(self, filters: Mapping[str, str], sort: Sort, page: Page) -> Listing: ...

    def queues(self) -> Listing: ...

    def queue(self, name: str, point: Point, page: Page) -> Listing: ...

    def report(self, question: ReportQuestion) -> dict[str, Any]:
        """A report as `kpis.md` shapes it. Raises KeyError for a name that is none."""
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
    """The ledger as a resumable feed; async, since who waits holds no thread."""

    async def page(self, after: int, limit: int) -> Sequence[FeedItem]: ...

    async def wait_for_event(self, after: int, seconds: float) -> bool:
        """Wait until there may be an event after a position; False when the time is over."""
        ...

    async def wait_for_view(self, position: int, seconds: float) -> bool:
        """Wait until the views have folded a position; False when the time is over."""
        ...
