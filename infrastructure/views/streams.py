"""Fills empty views stream by stream: each row is written once, as the last event of its stream leaves it.

Folded in order of position, a busy desk's views are read, changed and written again for each event. Several folds share the
work, each on a connection of its own. They need no transactions: a fill that is broken off is begun anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg

from infrastructure.postgres.queries import load
from infrastructure.views.projector import Projector

_SQL = load("streams", "infrastructure.views")
_BATCH = 5_000
"""Events that a fold takes at a time."""

Rows = list[tuple[Any, ...]]
Advance = Callable[[int], None]


class Streams:
    """Hands out all events so far, or up to a position, whole streams at a time, to whoever folds them."""

    def __init__(self, connection: psycopg.Connection[Any], until: int | None = None) -> None:
        self._connection, self._after = connection, (UUID(int=0), 0)
        self._until = self._last() if until is None else until
        """The last position to hand out. Later ones are left to a fold by position."""
        self.taken = self.reached = 0
        """How many events were handed out, and the highest position among them."""
        self._turn = threading.Lock()

    def take(self) -> Rows:
        """The next streams, each whole and by version; none at the end."""
        with self._turn:
            rows = self._read("read", *self._after, self._until, _BATCH)
            if len(rows) == _BATCH:
                rows += self._read("rest", *rows[-1][1:3], self._until)
            if rows:
                self._after = rows[-1][1:3]
                self.taken += len(rows)
                self.reached = max(self.reached, *(row[0] for row in rows))
            return rows

    def _last(self) -> int:
        row = self._connection.execute(_SQL["last"]).fetchone()
        return 0 if row is None else int(row[0])

    def _read(self, query: str, *values: Any) -> Rows:
        return self._connection.cursor(binary=True).execute(_SQL[query], values, prepare=True).fetchall()


def fill(streams: Streams, folds: Sequence[Projector], advance: Advance | None = None) -> None:
    """Fold all streams, by several folds at once. Raises Poisoned."""

    def fold(into: Projector) -> None:
        while rows := streams.take():
            into.fold_rows(rows)
            if advance:
                advance(len(rows))

    if len(folds) == 1:
        fold(folds[0])
        return
    with ThreadPoolExecutor(len(folds)) as threads:
        for done in [threads.submit(fold, each) for each in folds]:
            done.result()
