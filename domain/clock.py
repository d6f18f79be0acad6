"""Time as an argument: rules take a moment, services take a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the time."""

    @property
    def simulated(self) -> bool:
        """Whether its time may differ from the database's, so that events must carry it."""
        ...

    def now(self) -> datetime:
        """The time, timezone-aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    simulated = False

    def now(self) -> datetime:
        """The machine's time."""
        return datetime.now(UTC)


class AheadClock:
    """The machine's clock, run ahead for demonstrations. Their events carry `occurred_at`."""

    simulated = True

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        """The machine's time and the interval that it runs ahead."""
        return datetime.now(UTC) + self._by
