"""Rewrites tables: live rows move to a copy, the copy replaces the table, and deleted rows stay behind.

Appends and readers go on meanwhile. A row of these tables changes only with an event of its stream, or with the fold of
one, so the events after a position name every stream to copy again. The final swap locks the tables while the streams
of the last moments are copied.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable

from infrastructure.postgres.maintenance.patience import change_patiently
from infrastructure.postgres.maintenance.table_copies import complete_copies, make_bare_copies
from infrastructure.postgres.queries import load

_SQL = load("table_rewrite", "infrastructure.postgres.maintenance")
_FEW = 200
"""Streams that may be copied again under the locks of the swap. While there are more, another round copies them first."""
_ROUNDS = 50
_SETTLED = 1.2
"""Seconds after which a transaction that began before the copies existed counts as a long one."""


class NotRewritten(Exception):
    """Others held the tables, or saw their past, for too long."""


@dataclass(frozen=True)
class RewrittenTable:
    """A table with personal data, and the column by whose values its rows are copied again."""

    name: str
    key: str
    keys_of_streams: str = "streams"
    """The query for the values that concern some streams. By default these are the streams themselves."""

    @property
    def copy(self) -> str:
        return f"scrubbed.{self.name.partition('.')[2]}"


TABLES = (
    RewrittenTable("vault.disclosures", "originator_id"),
    RewrittenTable("vault.blobs", "originator_id"),
    RewrittenTable("views.case_texts", "case_id"),
    RewrittenTable("views.open_reports", "case_id"),
    RewrittenTable("views.known_errors", "problem_id"),
    RewrittenTable("views.words", "word", "words"),
)
"""A table that others reference comes before them."""


@dataclass
class _Point:
    """The positions of ledger and views up to which the copies are complete."""

    ledger: int
    views: int


class TableRewrite:
    """One rewrite, on a superuser's autocommit connection that may change the record's definition."""

    def __init__(self, connection: psycopg.Connection[Any], patience: float) -> None:
        """``patience``: seconds to try for the final swap."""
        self._connection, self._patience = connection, patience
        self._columns = {table: self._columns_of(table.name) for table in TABLES}

    def run(self) -> None:
        """Rewrite all tables. Raises NotRewritten, psycopg.Error; then the tables are as before."""
        try:
            self._run()
        finally:
            self._connection.execute(_SQL["clear"])

    def _run(self) -> None:
        names = [table.name for table in TABLES]
        self._connection.execute(_SQL["clear"])
        self._connection.execute(_SQL["begin"])
        make_bare_copies(self._connection, names, "scrubbed")
        point = self._now()
        with self._one_snapshot():
            for table in TABLES:
                self._fill(table)
        complete_copies(self._connection, names, "scrubbed")
        for table in TABLES:
            self._connection.execute(sql.SQL("ANALYZE {}").format(_named(table.copy)))
        for _ in range(_ROUNDS):
            if self._catch_up(point) <= _FEW:
                break
        threading.Event().wait(_SETTLED)
        try:
            change_patiently(self._connection, lambda: self._swap(point), self._patience)
        except (LockNotAvailable, DeadlockDetected) as error:
            raise NotRewritten(str(error).strip()) from error

    def _now(self) -> _Point:
        row = self._connection.execute(_SQL["now"]).fetchone()
        assert row is not None
        return _Point(*row)

    def _catch_up(self, point: _Point) -> int:
        """Copy the streams changed since a point again, and move the point; returns how many streams there were."""
        now = self._now()
        with self._one_snapshot():
            streams = self._changed(point)
            self._copy_again(streams)
        point.ledger, point.views = now.ledger, now.views
        return len(streams)

    @contextmanager
    def _one_snapshot(self) -> Iterator[None]:
        """A transaction that reads all tables at one snapshot: no file without its disclosure."""
        with self._connection.transaction():
            self._connection.execute(_SQL["one_snapshot"])
            yield

    def _changed(self, point: _Point) -> list[Any]:
        rows = self._connection.execute(_SQL["changed"], {"ledger": point.ledger, "views": point.views}).fetchall()
        return [stream for (stream,) in rows]

    def _copy_again(self, streams: list[Any]) -> None:
        keys = {
            table: self._keys(table, streams) for table in TABLES
        }  # of the rows as they were copied, and as they are
        for table in reversed(TABLES):
            delete = sql.SQL("DELETE FROM {} WHERE {} = ANY (%s)")
            self._connection.execute(delete.format(_named(table.copy), sql.Identifier(table.key)), (keys[table],))
        for table in TABLES:
            self._fill(table, keys[table])

    def _keys(self, table: RewrittenTable, streams: list[Any]) -> list[Any]:
        return [key for (key,) in self._connection.execute(_SQL[table.keys_of_streams], {"streams": streams})]

    def _fill(self, table: RewrittenTable, keys: list[Any] | None = None) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, self._columns[table]))
        fill = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
        statement = fill.format(_named(table.copy), columns, columns, _named(table.name))
        if keys is None:
            self._connection.execute(statement)
        else:
            chosen = sql.SQL("{} WHERE {} = ANY (%s)").format(statement, sql.Identifier(table.key))
            self._connection.execute(chosen, (keys,))

    def _swap(self, point: _Point) -> None:
        """Replace the tables under locks that fail at once. Raises LockNotAvailable while somebody uses a table."""
        self._connection.execute(_SQL["be_brief"])
        self._connection.execute(_SQL["hold"])
        tables = sql.SQL(", ").join(_named(table.name) for table in TABLES)
        self._connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(tables))
        row = self._connection.execute(_SQL["is_read_at_old_snapshot"]).fetchone()
        if row and row[0]:  # such a reader would find empty tables: the copied rows are younger than its snapshot
            raise LockNotAvailable("a long transaction reads the database")
        self._copy_again(self._changed(point))
        self._connection.execute(sql.SQL("DROP TABLE {}").format(tables))
        for table in TABLES:
            schema = table.name.partition(".")[0]
            statement = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
            self._connection.execute(statement.format(_named(table.copy), sql.Identifier(schema)))

    def _columns_of(self, table: str) -> list[str]:
        return [name for (name,) in self._connection.execute(_SQL["columns"], (table,))]


def _named(table: str) -> sql.Composable:
    return sql.Identifier(*table.split("."))
