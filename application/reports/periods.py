"""The time zone of a report's months and of the dates of its period."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
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
