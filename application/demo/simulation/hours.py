"""Business hours of a span of years as one line of seconds, and the arrivals of cases on it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from zoneinfo import ZoneInfo

from domain.calendar import Calendar

_HOURLY = (9, 14, 13, 10, 7, 10, 12, 9, 6)
"""How many cases arrive in each hour of a business day, by share."""
_WEEKDAYS = (1.3, 1.1, 1.0, 0.95, 0.8)
_GROWTH = 0.5
"""How much more cases arrive at the end of the span than at its beginning, by share."""


class Hours:
    """The business hours between two dates."""

    def __init__(self, calendar: Calendar, first: date, last: date) -> None:
        zone, days = ZoneInfo(calendar.time_zone), (first + timedelta(days=n) for n in range((last - first).days + 1))
        midnights = [datetime(d.year, d.month, d.day, tzinfo=zone) for d in days if calendar.is_business_day(d)]
        closes = [calendar.end_of_business_day(midnight + timedelta(hours=12)) for midnight in midnights]
        lengths = [calendar.between(midnight, close) for midnight, close in zip(midnights, closes, strict=True)]
        self._opens = [close - length for close, length in zip(closes, lengths, strict=True)]
        self._since = [0.0, *accumulate(length.total_seconds() for length in lengths)]
        self._weekdays = [midnight.weekday() for midnight in midnights]
        self.start, self.end = self._opens[0], closes[-1]

    def after(self, at: datetime, minutes: float) -> datetime:
        """The moment when so many minutes of business have passed. Beyond the span the clock runs on."""
        day = max(0, bisect_right(self._opens, at) - 1)
        length = self._since[day + 1] - self._since[day]
        gone = self._since[day] + min(max((at - self._opens[day]).total_seconds(), 0.0), length)
        return self._moment(gone + minutes * 60)

    def _moment(self, seconds: float) -> datetime:
        day = min(max(bisect_left(self._since, seconds) - 1, 0), len(self._opens) - 1)
        return self._opens[day] + timedelta(seconds=seconds - self._since[day])

    def before_the_end(self, minutes: float) -> datetime:
        """The moment with so many minutes of business left."""
        return self._moment(self._since[-1] - minutes * 60)

    def arrival(self, share: float) -> datetime:
        """When this share of all cases has arrived: mornings, Mondays and later years have more."""
        steps = self._busy
        wanted = share * steps[-1]
        slot = min(bisect_right(steps, wanted), len(steps) - 1) - 1
        day, hour = divmod(slot, len(_HOURLY))
        within = (wanted - steps[slot]) / (steps[slot + 1] - steps[slot])
        length = self._since[day + 1] - self._since[day]
        return self._opens[day] + timedelta(seconds=length * (hour + within) / len(_HOURLY))

    @cached_property
    def _busy(self) -> list[float]:
        """The share of cases up to each hour of the span."""
        days = len(self._opens)
        load = (
            hourly * _WEEKDAYS[weekday % len(_WEEKDAYS)] * (1 + _GROWTH * day / days)
            for day, weekday in enumerate(self._weekdays)
            for hourly in _HOURLY
        )
        return [0.0, *accumulate(load)]


def span_of(years: int, last: date) -> tuple[date, date]:
    """The first and the last day of so many years."""
    return last.replace(year=last.year - years, day=min(last.day, 28)), last
