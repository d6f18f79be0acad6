"""Finds the events of a server that once led the database and that the database lacks: lost in a failover, or by a restore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

_SQL = load("lost", "infrastructure.postgres.maintenance")
_AT_ONCE = 1_000
_AFTER_ALL = 2**63 - 1


@dataclass(frozen=True)
class LostEvent:
    """An event that the other server holds and this database does not."""

    position: int
    number: str | None
    """The case it belongs to, where it belongs to one."""
    version: int
    topic: str
    recorded_at: datetime
    by: str | None


def lost_events(ours: psycopg.Connection[Any], theirs: psycopg.Connection[Any]) -> list[LostEvent]:
    """The events that only the other server has, oldest first. Both records are the same up to some position.

    Raises ValueError where they have nothing in common: then the other server never led this database.
    """
    found: list[LostEvent] = []
    for rows in _backwards(theirs):
        span = {"first": rows[-1][0], "last": rows[0][0]}
        known = set(ours.execute(_SQL["known"], span).fetchall())
        for position, stream, version, digest, topic, recorded_at, by, number in rows:
            if (position, stream, version, digest) in known:
                return found[::-1]
            found.append(LostEvent(position, number, version, topic, recorded_at, by))
    if found:
        raise ValueError("the two databases have no event in common: that server never led this database")
    return []


def _backwards(connection: psycopg.Connection[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """All events from the newest to the oldest, some at a time."""
    before = _AFTER_ALL
    while rows := connection.execute(_SQL["newest"], {"before": before, "limit": _AT_ONCE}).fetchall():
        yield rows
        before = rows[-1][0]
