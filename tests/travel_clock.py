"""Time that the tests move."""

from __future__ import annotations

from datetime import datetime, timedelta


class TravelClock:
    """A clock that stands still until somebody moves it."""

    simulated = True

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The time it stands at."""
        return self._at

    def travel(self, by: timedelta) -> None:
        """Move it by an interval, forwards or backwards."""
        self._at += by
