"""Writes tables anew beside themselves and lets the copies take their place: what was deleted from them stays behind.

Appends and readers go on meanwhile. All that changes a row of these tables is an event of the row's stream in the same
transaction, or the fold of one: so what has changed since a position is found by the events after it. At the end the
tables are locked for as long as the streams of the last moments are copied once more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from infrastructure.postgres.maintenance.table_copies import finish_twins, start_twins
from infrastructure.postgres.queries import load

_SQL = load("table_rewrite", "infrastructure.postgres.maintenance")
_FEW = 200
"""Streams that are copied once more while the tables are locked, at most: before, there is another round."""
_ROUNDS = 50
_PAUSE = 0.2
_SETTLED = 1.2


class NotRewritten(Exception):
    """Others kept hold of the tables, or of what was in them, for too long."""


@dataclass(frozen=True)
class Rewritten:
    """A table that holds personal data, by the column that names a row's stream. One that others refer to goes first."""

    table: str
    stream: str

    @property
    def twin(self) -> str:
        return f"scrubbed.{self.table.partition('.')[2]}"


TABLES = (
    Rewritten("vault.disclosures", "originator_id"),
    Rewritten("vault.blobs", "originator_id"),
    Rewritten("views.case_texts", "case_id"),
    Rewritten("views.known_errors", "problem_id"),
)


@dataclass
class _Point:
    """Up to where the copies are whole: positions of the ledger, and of the views."""

    ledger: int
    views: int


class Rewriting:
    """One run, on a superuser's connection that may change the record's definition; it is left in autocommit mode."""

    def __init__(self, connection: psycopg.Connection[Any], patience: float) -> None:
        self._connection, self._patience = connection, patience
        self._columns = {each: self._columns_of(each.table) for each in TABLES}

    def run(self) -> None:
        """Raises NotRewritten, psycopg.Error; then all is as before."""
        try:
            self._run()
        finally:
            self._connection.execute(_SQL["clear"])

    def _run(self) -> None:
        tables = [each.table for each in TABLES]
        self._connection.execute(_SQL["clear"])
        self._connection.execute(_SQL["begin"])
        start_twins(self._connection, tables, "scrubbed")
        point = self._now()
        with self._one_moment():
            for each in TABLES:
                self._fill(each, None)
        finish_twins(self._connection, tables, "scrubbed")
        for each in TABLES:
            self._connection.execute(sql.SQL("ANALYZE {}").format(_named(each.twin)))
        for _ in range(_ROUNDS):
            if self._renew(point) <= _FEW:
                break
        threading.Event().wait(_SETTLED)  # whoever began before the copies were there is known by its age then
        self._patiently(lambda: self._swap(point))

    def _now(self) -> _Point:
        """The last position, before which nothing is under way, and where the views are."""
        row = self._connection.execute(_SQL["now"]).fetchone()
        assert row is not None
        return _Point(*row)

    def _renew(self, point: _Point) -> int:
        """Copy once more what has changed since; returns how many streams that were."""
        now = self._now()
        with self._one_moment():
            streams = self._changed(point)
            self._copy_again(streams)
        point.ledger, point.views = now.ledger, now.views
        return len(streams)

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """A transaction that reads all tables as of one moment: a file is never seen without its disclosure."""
        with self._connection.transaction():
            self._connection.execute(_SQL["one_moment"])
            yield

    def _changed(self, point: _Point) -> list[Any]:
        rows = self._connection.execute(_SQL["changed"], {"ledger": point.ledger, "views": point.views}).fetchall()
        return [stream for (stream,) in rows]

    def _copy_again(self, streams: list[Any]) -> None:
        for each in reversed(TABLES):
            delete = sql.SQL("DELETE FROM {} WHERE {} = ANY (%s)")
            self._connection.execute(delete.format(_named(each.twin), sql.Identifier(each.stream)), (streams,))
        for each in TABLES:
            self._fill(each, streams)

    def _fill(self, each: Rewritten, streams: list[Any] | None) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, self._columns[each]))
        fill = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            _named(each.twin), columns, columns, _named(each.table)
        )
        if streams is None:
            self._connection.execute(fill)
        else:
            chosen = sql.SQL("{} WHERE {} = ANY (%s)").format(fill, sql.Identifier(each.stream))
            self._connection.execute(chosen, (streams,))

    def _swap(self, point: _Point) -> None:
        """Under locks that nobody waits behind for long. Raises psycopg.errors.LockNotAvailable where somebody is there."""
        self._connection.execute(_SQL["be_brief"])
        self._connection.execute(_SQL["hold"])
        tables = sql.SQL(", ").join(_named(each.table) for each in TABLES)
        self._connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(tables))
        row = self._connection.execute(_SQL["is_looked_at"]).fetchone()
        if row and row[0]:  # the copies' rows are younger than what such a reader sees: it would find none
            raise psycopg.errors.LockNotAvailable("a long transaction reads the database")
        self._copy_again(self._changed(point))
        self._connection.execute(sql.SQL("DROP TABLE {}").format(tables))
        for each in TABLES:
            schema = each.table.partition(".")[0]
            statement = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
            self._connection.execute(statement.format(_named(each.twin), sql.Identifier(schema)))

    def _patiently(self, change: Callable[[], None]) -> None:
        end, pause = time.monotonic() + self._patience, threading.Event()
        while True:
            try:
                with self._connection.transaction():
                    return change()
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                if time.monotonic() > end:
                    raise NotRewritten(str(error).strip()) from error
                pause.wait(_PAUSE)

    def _columns_of(self, table: str) -> list[str]:
        return [name for (name,) in self._connection.execute(_SQL["columns"], (table,))]


def _named(table: str) -> sql.Composable:
    return sql.Identifier(*table.split("."))
