"""Business time: when the desk works, and how much of it lies between two moments.

Business hours are local: each business day opens and closes by the clocks on its walls, also on the day they are
changed. Moments are timezone-aware (ValueError otherwise) and come back in UTC.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Pauses = Sequence[tuple[datetime, datetime]]
"""Intervals in which the clock stood still; they may overlap."""

_TIME_OF_DAY = re.compile(r"([0-9]{2}):([0-5][0-9])")


class _Year(NamedTuple):
    """The business hours of a local year, in order, with the business time of the year before each, and of all."""

    openings: list[datetime]
    closings: list[datetime]
    before: list[timedelta]
    total: timedelta

    def until(self, moment: datetime) -> timedelta:
        """The business time of the year up to a moment of it."""
        place = bisect_right(self.openings, moment) - 1
        return (
            self.before[place] + min(moment, self.closings[place]) - self.openings[place] if place >= 0 else timedelta()
        )


@dataclass(frozen=True)
class Calendar:
    """When there is business. Raises ValueError for one that contradicts itself."""

    name: str
    """Name: which calendar it is."""
    time_zone: str = "America/Chicago"
    """IANA time zone: where the hours are local."""
    opens: str = "08:00"
    """Local time, HH:MM: when a business day begins."""
    closes: str = "17:00"
    """Local time, HH:MM: when a business day ends. 24:00 is the end of the day."""
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    """List of days, 0 (Monday) to 6: the days of the week with business."""
    holidays: tuple[date, ...] = ()
    """List of dates: days without business."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # `America` is a folder of zones: OSError
            raise ValueError(f"There is no time zone {self.time_zone}.") from error
        if not _since_midnight(self.opens) < _since_midnight(self.closes) <= timedelta(days=1):
            raise ValueError(f"A day opens before it closes, not {self.opens} to {self.closes}.")
        if not self.weekdays or not set(self.weekdays) <= set(range(7)):
            raise ValueError("Business days are 0 (Monday) to 6, and at least one.")

    def is_business_day(self, day: date) -> bool:
        """Whether there is business on a local date."""
        return day.weekday() in self.weekdays and day not in self.holidays

    def add(self, start: datetime, working: timedelta, pauses: Pauses = ()) -> datetime:
        """The moment at which ``working`` of business time has passed since ``start``, without the pauses.

        An interval of 0 passes at once, also outside business hours. Raises ValueError for a negative interval.
        """
        if working < timedelta():
            raise ValueError("Time does not pass backwards.")
        if not working:
            return _utc(start)
        left = working
        for opened, closed in _without(self._hours(start), _merged(pauses)):
            if closed - opened >= left:
                return opened + left
            left -= closed - opened
        raise AssertionError("business hours never end")

    def between(self, start: datetime, end: datetime, pauses: Pauses = ()) -> timedelta:
        """The business time from one moment to another, without the pauses; 0 where the end comes first."""
        start, end = _utc(start), _utc(end)
        if end <= start:
            return timedelta()
        total = self._span(start, end)
        for paused, resumed in _merged(pauses) if pauses else ():
            if (since := max(paused, start)) < (until := min(resumed, end)):
                total -= self._span(since, until)
        return total

    def end_of_business_day(self, at: datetime) -> datetime:
        """When the business day of a moment closes; after closing or on a day off, the next one (R-5.9d).

        The moment of closing belongs to its day, so rolling an end twice leaves it where it is.
        """
        return next(closed for _, closed in self._hours(_utc(at) - timedelta.resolution))

    def business_days(self, moments: Iterable[datetime]) -> int:
        """The number of business days, by local date, on which the moments fall (R-5.8c)."""
        zone = ZoneInfo(self.time_zone)
        return sum(map(self.is_business_day, {_utc(moment).astimezone(zone).date() for moment in moments}))

    def _hours(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The business hours from a moment on, in UTC. Holidays are finite, so the hours never end.

        Raises OverflowError after the year 9999.
        """
        since = _utc(since)
        day = since.astimezone(ZoneInfo(self.time_zone)).date()
        while True:
            if day not in self._known_days:
                self._known_days[day] = self._day(day)
            opened, closed = self._known_days[day]
            if (opened := max(opened, since)) < closed:
                yield opened, closed
                since = closed  # no hour comes twice, even where a zone skips a date at the date line
            day += timedelta(days=1)

    @cached_property
    def _known_days(self) -> dict[date, tuple[datetime, datetime]]:
        """Opening and closing by local date, of the days that were asked for."""
        return {}

    def _span(self, start: datetime, end: datetime) -> timedelta:
        """The business time between two moments in UTC, in order, from the totals of the years: no day is looked at twice."""
        first, last = start.astimezone(self._zone).year, end.astimezone(self._zone).year
        passed = self._year(last).until(end) - self._year(first).until(start)
        for year in range(first, last):
            passed += self._year(year).total
        return passed

    def _year(self, year: int) -> _Year:
        if (known := self._known_years.get(year)) is None:
            known = self._known_years[year] = self._made_year(year)
        return known

    def _made_year(self, year: int) -> _Year:
        """The business hours of a local year, each hour once, even where a zone skips a date at the date line."""
        openings, closings, before = list[datetime](), list[datetime](), list[timedelta]()
        day, total = date(year, 1, 1), timedelta()
        while day.year == year:
            opened, closed = self._day(day)
            opened = max(opened, closings[-1]) if closings else opened
            if opened < closed:
                openings.append(opened)
                closings.append(closed)
                before.append(total)
                total += closed - opened
            day += timedelta(days=1)
        return _Year(openings, closings, before, total)

    @cached_property
    def _known_years(self) -> dict[int, _Year]:
        """The years that were asked for."""
        return {}

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def _day(self, day: date) -> tuple[datetime, datetime]:
        """When a local date opens and closes, in UTC; the same moment on a day off."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.time_zone))
        if not self.is_business_day(day):
            return midnight.astimezone(UTC), midnight.astimezone(UTC)
        opens, closes = _since_midnight(self.opens), _since_midnight(self.closes)  # wall-clock times are added
        return (midnight + opens).astimezone(UTC), (midnight + closes).astimezone(UTC)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone.")
    return moment.astimezone(UTC)


def _since_midnight(clock: str) -> timedelta:
    match = _TIME_OF_DAY.fullmatch(clock)
    if match is None:
        raise ValueError(f"A time of day reads like 08:00, not {clock}.")
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


def _merged(pauses: Pauses) -> list[tuple[datetime, datetime]]:
    """The pauses in order and in UTC, overlapping ones merged. One that ends before it begins is dropped."""
    merged: list[tuple[datetime, datetime]] = []
    for since, until in sorted((_utc(since), _utc(until)) for since, until in pauses):
        if since >= until:
            continue
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return merged


def _without(
    hours: Iterator[tuple[datetime, datetime]], pauses: list[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """The hours with the pauses cut out."""
    for opened, closed in hours:
        since = opened
        for paused, resumed in pauses:
            if resumed <= since or paused >= closed:
                continue
            if paused > since:
                yield since, paused
            since = resumed
        if since < closed:
            yield since, closed


@dataclass(frozen=True)
class SupportCalendar:
    """The calendar of a case's targets, and who named it (R-4.1a)."""

    name: str
    """`always`, or `business` for the policy's business hours."""
    of: str
    """`service`, `team` or `policy`."""
    entry: str | None = None
    """The service or team that names it."""
    version: int | None = None
    """The version of that entry. Beside a policy's calendar stands the policy's version."""


BUSINESS_HOURS, AROUND_THE_CLOCK = "business", "always"
"""Names of the calendars that a service or a team may name."""
ALWAYS = Calendar("always", "UTC", "00:00", "24:00", (0, 1, 2, 3, 4, 5, 6))
"""Around the clock."""
