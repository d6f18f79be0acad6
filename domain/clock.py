"""Time as an argument: rules take moments, services take a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time (timezone-aware, UTC)."""

    @property
    def simulated(self) -> bool:
        """Whether the time told may differ from the database's, so that events must carry it."""
        ...

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    simulated = False

    def now(self) -> datetime:
        return datetime.now(UTC)


class AheadClock:
    """The machine's clock, seen from later on: for demonstrations, whose events say so by their `occurred_at`."""

    simulated = True

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


class TravelClock:
    """A clock that stands still until it is moved, for tests and demonstrations."""

    simulated = True

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def travel(self, by: timedelta) -> None:
        """Move by an interval, forwards or backwards."""
        self._at += by
