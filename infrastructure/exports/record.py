"""Reads the record for an export: up to the position that a signed checkpoint contains, each event with its leaf."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg

from application.exports.logged_event import LoggedEvent
from application.transparency_log import NotSealed
from infrastructure.exports.part_file import Ground
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.log_reader import latest

_SQL = load("record", "infrastructure.exports")
_FETCHED = 1_000
"""Rows that are taken from the connection at a time."""
_NOTHING = "00000000-0000-0000-0000-000000000000"


class LogDisagrees(Exception):
    """The record and its transparency log do not hold the same events. `caseledger verify` tells where."""


def ground_of(connection: psycopg.Connection[Any], *, viewed: bool = False) -> Ground:
    """The newest checkpoint; the record up to it, or as far as the views have folded it. Raises NotSealed."""
    sealed = latest(connection)
    if sealed is None:
        raise NotSealed("nothing is sealed yet")
    row = connection.execute(_SQL["views_position"]).fetchone() if viewed else None
    position = sealed.position if row is None else min(sealed.position, int(row[0]))
    return Ground(position, Checkpoint.of_text(sealed.note).origin, sealed.size, sealed.note)


def last_erasure(connection: psycopg.Connection[Any]) -> int:
    """The position of the last erasure; 0 when there is none."""
    row = connection.execute(_SQL["erased"]).fetchone()
    return int(row[0]) if row else 0


class LeafIndex:
    """The leaf of an event by its position: positions have gaps, and leaves have none. Raises LogDisagrees."""

    def __init__(self, connection: psycopg.Connection[Any], position: int) -> None:
        gaps = connection.execute(_SQL["gaps"], (position,)).fetchall()
        self._after = [after for after, _ in gaps]
        self._missing = [0]
        for _, missing in gaps:
            self._missing.append(self._missing[-1] + missing)
        # Leaf 0 of a log that was begun anew after a restore is no event.
        sealed = latest(connection)
        counted = connection.execute(_SQL["count"], (0, sealed.position if sealed else 0)).fetchone()
        self._first = (sealed.size if sealed else 0) - (counted[0] if counted else 0)
        if self._first not in (0, 1):
            raise LogDisagrees(
                "the record and its transparency log do not hold the same events: run `caseledger verify`"
            )

    def of(self, position: int) -> int:
        """The leaf of the event there."""
        if not self._after:
            return position - 1 + self._first
        place = bisect_left(self._after, position + 1)
        return position - 1 - self._missing[place] + self._first


class Record:
    """The events up to a position, in streams that never hold more than a few of them in memory."""

    def __init__(self, connection: psycopg.Connection[Any], until: int) -> None:
        self.connection, self.until = connection, until
        connection.execute(_SQL["utc"])
        self._leaf = LeafIndex(connection, until).of

    def count(self, after: int = 0, kinds: Sequence[str] | None = None) -> int:
        """How many events there are after a position, or how many of some kinds."""
        if kinds is None:
            row = self.connection.execute(_SQL["count"], (after, self.until)).fetchone()
        else:
            row = self.connection.execute(_SQL["count_of_kinds"], (self.until, list(kinds))).fetchone()
        return int(row[0]) if row else 0

    def events(self, after: int, *, words: bool) -> Iterator[LoggedEvent]:
        """Events after a position, in order, with their words where these are wanted."""
        query = "events_with_words" if words else "events"
        return self._read(query, after=after)

    def streams(self, kinds: Sequence[str], after: str | None) -> Iterator[LoggedEvent]:
        """The streams of some kinds (`case`, `problem` ...), each whole and in order, on into those after one."""
        return self._read("streams", after=after or _NOTHING, kinds=list(kinds))

    def _read(self, query: str, **values: Any) -> Iterator[LoggedEvent]:
        leaf = self._leaf
        with self.connection.cursor(binary=True) as cursor:
            rows: Iterable[Any] = cursor.stream(_SQL[query], {"until": self.until, **values}, size=_FETCHED)
            for position, stream, number, version, topic, recorded_at, db_role, state, *words in rows:
                yield LoggedEvent(
                    position, leaf(position), stream, number, version, topic, recorded_at, db_role, state, *words
                )  # fmt: skip
