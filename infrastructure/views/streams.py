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
    """Hands out all events so far, whole streams at a time, to whoever folds them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection, self._after = connection, (UUID(int=0), 0)
        row = connection.execute(_SQL["last"]).fetchone()
        assert row is not None
        self.last: int = row[0]
        """The position of the last event. Later ones are left to the fold by position."""
        self.taken = 0
        """Events handed out."""
        self._turn = threading.Lock()

    def take(self) -> Rows:
        """The next streams, each whole and by version; none at the end."""
        with self._turn:
            rows = self._read("read", *self._after, self.last, _BATCH)
            if len(rows) == _BATCH:
                rows += self._read("rest", *rows[-1][1:3], self.last)
            if rows:
                self._after = rows[-1][1:3]
                self.taken += len(rows)
            return rows

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
