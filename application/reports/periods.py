"""The time zone that a report's months, and the dates of its period, are read in."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import Invalid, UnknownReference

Bound = datetime | date
"""An end of a period: a moment, or a day, which stands for its first moment in the report's zone."""


def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database. Raises Invalid for a name that is none."""
    if name not in _names():
        raise UnknownReference(
            f"{name[:60]!r} is no time zone of the IANA database, such as America/Chicago", "/query/tz"
        )
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def moment_of(bound: Bound | None, zone: ZoneInfo, name: str) -> datetime | None:
    """The moment a bound stands for, in UTC. Raises Invalid for a day whose first moment cannot be written."""
    if bound is None or isinstance(bound, datetime):
        return bound
    try:
        return datetime.combine(bound, time(), zone).astimezone(UTC)
    except OverflowError:
        raise Invalid(f"there is no such moment as the beginning of {bound}", f"/query/{name}") from None
