"""How the console writes times. What depends on the time alone is remembered: pages name the same moments again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_REMEMBERED = 8_192
"""Moments whose words are remembered."""


def instant(at: datetime | str) -> datetime:
    """A time, however a document writes it."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def span(length: timedelta) -> str:
    """A length of time in its two largest parts at most."""
    seconds = abs(int(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    days, hours = seconds // _DAY, seconds % _DAY // _HOUR
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


def ago(at: datetime | str, now: datetime) -> str:
    """A time relative to now."""
    length = now - instant(at)
    if abs(length) < timedelta(seconds=5):
        return "just now"
    return f"{span(length)} ago" if length > timedelta(0) else f"in {span(length)}"


@lru_cache(_REMEMBERED)
def absolute(at: datetime | str, zone: str) -> str:
    """A time to the second, in a zone by its IANA name."""
    return f"{instant(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"


def short(at: datetime | str, zone: str) -> str:
    """A time to the minute."""
    return f"{instant(at).astimezone(ZoneInfo(zone)):%d %b %H:%M}"


@lru_cache(_REMEMBERED)
def machine(at: datetime | str) -> str:
    """A time for programs: RFC 3339 in UTC."""
    return instant(at).astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Due:
    """A target as it is shown: in words and as what is left of it."""

    words: str
    kind: str
    """`late`, `soon` or `fine`."""
    left: int
    """Percent of the time that is left."""


def due_of(by: datetime | str, since: datetime | str, now: datetime) -> Due:
    """How a target stands."""
    end, whole = instant(by), (instant(by) - instant(since)).total_seconds()
    left = (end - now).total_seconds()
    if left < 0:
        return Due(f"{span(now - end)} late", "late", 0)
    share = 0 if whole <= 0 else min(100, round(100 * left / whole))
    return Due(f"{span(end - now)} left", "soon" if share < 25 or left < 30 * _MINUTE else "fine", share)
