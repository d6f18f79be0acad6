"""Calendars that are hard to count on, and moments by the clock on the desk's wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from application.administration.holidays import holidays_of
from domain.calendar import ALWAYS, Calendar

CHICAGO = ZoneInfo("America/Chicago")
OFFICE = Calendar("business", holidays=holidays_of("US-OK", range(2025, 2029)))
NIGHTS = Calendar("nights", "America/Chicago", "01:30", "03:15", (5, 6))
"""Open across the hour that is skipped in March and comes twice in November."""
SKIPPED = Calendar("skipped", "America/Chicago", "02:00", "03:00", (5, 6))
"""Open in that very hour: on a Sunday in March not at all."""
ROUND = Calendar("business", "America/Havana", "00:00", "24:00", tuple(range(7)))
"""Around the clock where the clocks change at midnight."""
SAMOA = Calendar("business", "Pacific/Apia", weekdays=tuple(range(7)))
"""Where there was no 30 December 2011."""
CALENDARS = (ALWAYS, OFFICE, NIGHTS, SKIPPED, ROUND)

DAY = timedelta(hours=9)
WEEK = timedelta(hours=45)


def local(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    """A moment by the clock on the desk's wall, in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
