"""The time zone of a report's months and of the dates of its period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import Invalid, UnknownReference

Bound = datetime | date
"""A bound of a period: a time, or a day, which means its first moment in the report's zone."""


def zone_named(name: str) -> ZoneInfo:
    """Return a zone of the IANA database. Raises Invalid for an unknown name."""
    if name not in _names():
        raise UnknownReference(
            f"{name[:60]!r} is no time zone of the IANA database, such as America/Chicago", "/query/tz"
        )
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def moment_of(bound: Bound | None, zone: ZoneInfo, name: str) -> datetime | None:
    """Return the time of a bound in UTC. Raises Invalid for a day without a representable beginning."""
    if bound is None or isinstance(bound, datetime):
        return bound
    try:
        return datetime.combine(bound, time(), zone).astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{bound} has no beginning on the calendar.", f"/query/{name}") from None


_FIRST_YEAR, _LAST_YEAR = 2000, 2050
_SERIES = 12
"""Months of a series that names no beginning."""


@lru_cache(maxsize=16)
def months_of(zone: ZoneInfo) -> tuple[Sequence[str], Sequence[datetime]]:
    """The months of the usual years in a zone, such as `2026-11`, and their first moments, with that after the last."""
    months = [(year, month) for year in range(_FIRST_YEAR, _LAST_YEAR) for month in range(1, 13)]
    firsts = [_first(year, month, zone) for year, month in (*months, (_LAST_YEAR, 1))]
    return [f"{year:04d}-{month:02d}" for year, month in months], firsts


def ends_of_months(since: datetime | None, until: datetime, zone: ZoneInfo) -> tuple[list[str], list[datetime]]:
    """The months of a period and their ends; the last one ends with the period. Without a beginning, the last twelve."""
    last = (until - timedelta.resolution).astimezone(zone)
    number = last.year * 12 + last.month - 1
    first = number - _SERIES + 1
    if since is not None:
        begins = since.astimezone(zone)
        first = begins.year * 12 + begins.month - 1
    months = [divmod(each, 12) for each in range(max(first, 12), number + 1)]
    ends = [_first(*divmod(each + 1, 12), zone, months_from=0) for each in range(max(first, 12), number)]
    labels = [f"{year:04d}-{month + 1:02d}" for year, month in months]
    return labels, [*ends, until] if labels else []


def _first(year: int, month: int, zone: ZoneInfo, *, months_from: int = 1) -> datetime:
    return datetime(year, month - months_from + 1, 1, tzinfo=zone).astimezone(UTC)
