"""Schedules of reports: which periods a report covers, and when each is due. The policy holds the schedules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Literal
from zoneinfo import ZoneInfo

from domain.calendar import Calendar

Every = Literal["day", "week", "month"]
Form = Literal["table", "csv", "json", "svg", "png"]
TIME_OF_DAY = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ScheduledReport:
    """A report that is issued once for each period."""

    name: str
    """Code: which schedule it is. Each name is scheduled once."""
    report: str
    """Name: which report it is, as `GET /reports` lists them."""
    every: Every
    """One of day, week, month: the period, by the local dates of the business hours' time zone. A week begins on Monday."""
    at: str = "07:00"
    """Local time, HH:MM: when the period's report is due on the day after the period."""
    on_business_day: bool = False
    """True or false: whether a report that falls due on a day without business waits for the next business day."""
    by: str | None = None
    """One or two breakdowns, such as `team,priority`, or null: what the figures are broken down by."""
    form: Form = "csv"
    """One of table, csv, json, svg, png: what the mail carries. Charts need the extra `charts`."""
    mail_to: tuple[str, ...] = ()
    """List of ids in the directory of customers: who is mailed. Their addresses stand there, and can be erased there."""


@dataclass(frozen=True)
class Period:
    """A period of a schedule."""

    label: str
    """Its name: `2026-11-30`, `2026-W48` or `2026-11`."""
    since: datetime
    """Its first moment, UTC."""
    until: datetime
    """The moment after it, UTC."""
    due_at: datetime
    """When its report is due, UTC."""


def due_periods(schedule: ScheduledReport, calendar: Calendar, now: datetime) -> Iterator[Period]:
    """Yield the periods whose reports are due at a moment, the latest first, without end."""
    today = now.astimezone(ZoneInfo(calendar.time_zone)).date()
    latest = _first_day(schedule.every, today)
    for past in count():
        period = _period(schedule, calendar, _shifted(schedule.every, latest, -1 - past))
        if period.due_at <= now:
            yield period


def next_period(schedule: ScheduledReport, calendar: Calendar, now: datetime) -> Period:
    """Return the next period whose report is not due yet."""
    today = now.astimezone(ZoneInfo(calendar.time_zone)).date()
    first = _first_day(schedule.every, today)
    # On holidays several periods may wait for one business day.
    before = next(
        back for back in count(1) if _period(schedule, calendar, _shifted(schedule.every, first, -back)).due_at <= now
    )
    return _period(schedule, calendar, _shifted(schedule.every, first, 1 - before))


def _period(schedule: ScheduledReport, calendar: Calendar, first: date) -> Period:
    """The period that begins on a day."""
    zone, after = ZoneInfo(calendar.time_zone), _shifted(schedule.every, first, 1)
    due = after
    while schedule.on_business_day and not calendar.is_business_day(due):
        due += _DAY
    return Period(
        _label(schedule.every, first),
        _local(first, time(), zone),
        _local(after, time(), zone),
        _local(due, time.fromisoformat(schedule.at), zone),
    )


def _first_day(every: Every, day: date) -> date:
    """The first day of the period of a day."""
    if every == "month":
        return day.replace(day=1)
    return day - day.weekday() * _DAY if every == "week" else day


def _shifted(every: Every, first: date, periods: int) -> date:
    """The first day of the period so many periods later."""
    if every == "month":
        year, month = divmod(first.year * 12 + first.month - 1 + periods, 12)
        return date(year, month + 1, 1)
    return first + periods * (7 * _DAY if every == "week" else _DAY)


def _label(every: Every, first: date) -> str:
    if every == "month":
        return f"{first:%Y-%m}"
    if every == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return first.isoformat()


def _local(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
