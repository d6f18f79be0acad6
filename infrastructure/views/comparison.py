"""Compares the live views with a fold of all events from scratch: read-only, as the auditor, at one snapshot.

The projector folds into temporary tables, so nobody waits and nothing changes. Events, words and live views are read in
one transaction: REPEATABLE READ, READ ONLY, in which PostgreSQL lets temporary tables be written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from infrastructure.postgres.queries import load
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.streams import Streams, fill

_SQL = load("comparison", "infrastructure.views")
FOLD = "pg_temp"
"""The schema of the fresh fold."""
MOST = 20
"""Differing rows of a table that are named. All are counted."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Difference:
    """A row that only the live view has, or only the fold. An edited row gives one of each.

    Key and number name the row; its other values are not shown.
    """

    table: str
    only_in: Literal["view", "fold"]
    number: str | None
    key: dict[str, str]

    def __str__(self) -> str:
        key = ", ".join(f"{name} {value}" for name, value in self.key.items())
        return " ".join(filter(None, (self.table, self.number, f"({key}): in the {self.only_in} only")))


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison."""

    position: int
    """The position up to which the live views had folded the ledger."""
    events: int
    differences: dict[str, int] = field(default_factory=dict)
    """Rows that differ, by table. An edited row counts twice."""
    findings: list[Difference] = field(default_factory=list)
    """The first of them in each table."""


class _Table(NamedTuple):
    name: str
    key: list[str]
    numbered: bool


def compare_views(connection: psycopg.Connection[Any], advance: Advance | None = None) -> Comparison:
    """Compare at a snapshot taken now, on an autocommit connection in the auditor's role. Raises Poisoned."""
    prepare(connection)
    with connection.transaction():
        connection.execute(_SQL["one_snapshot"])
        return compare(connection, advance)


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Make the temporary tables, before the transaction of the comparison. Every transaction begins with them empty.

    Until the connection closes, a rebuild waits with its swap.
    """
    connection.execute(_SQL["hold_off_rebuild"])
    connection.execute(_SQL["make_room"])
    for table in _tables(connection):
        connection.execute(_statement("drop", table.name))
        connection.execute(_statement("make", table.name))
    for (index,) in connection.execute(_SQL["needless"]).fetchall():
        connection.execute(_statement("drop_index", index=sql.Identifier(FOLD, index)))


def compare(connection: psycopg.Connection[Any], advance: Advance | None = None) -> Comparison:
    """Compare at the snapshot of the open transaction, and leave that usable. Raises Poisoned."""
    assert connection.info.transaction_status == TransactionStatus.INTRANS, "a comparison needs an open transaction"
    position: int = _row(connection, _SQL["position"])[0]
    with connection.transaction():
        reached, events = _fold(connection, position, advance)
        connection.execute(_SQL["track"], (reached, events))
    found = Comparison(position, events)
    for table in _tables(connection):
        rows, findings = _differing(connection, table)
        if rows:
            found.differences[table.name] = rows
            found.findings.extend(findings)
    return found


def _fold(connection: psycopg.Connection[Any], until: int, advance: Advance | None) -> tuple[int, int]:
    """Fold all events up to a position; returns the last position, and how many there were. Raises Poisoned."""
    anew, streams = Projector(connection, FOLD), Streams(connection, until)
    try:
        with connection.transaction():
            fill(streams, [anew], advance)
    except Poisoned:
        _fold_to_culprit(connection, anew)
        raise
    return streams.reached, streams.taken


def _fold_to_culprit(connection: psycopg.Connection[Any], anew: Projector) -> None:
    """Fold by position, at last one by one, up to the first event that fails. Raises Poisoned."""
    position, folded = 0, 1
    with suppress(Poisoned):
        while folded:
            with connection.transaction():
                position, folded = anew.fold_after(position)
    folded = 1
    while folded:
        position, folded = anew.fold_after(position, 1)


def _differing(connection: psycopg.Connection[Any], table: _Table) -> tuple[int, list[Difference]]:
    """How many rows of a table differ, and the first of them."""
    key = sql.SQL(", ").join(sql.Identifier("d", name) for name in table.key)
    number = sql.Identifier("d", "number") if table.numbered else sql.NULL
    statement = _statement("differing", table.name, number=number, key=key, most=sql.Literal(MOST))
    rows = connection.execute(statement).fetchall()
    # By the key where that is a case: the number in the row may be the edited value.
    ids = [row[3] for row in rows if isinstance(row[3], UUID)]
    numbers = dict(connection.execute(_SQL["numbers"], (ids,)).fetchall()) if ids else {}
    findings = [
        Difference(
            table.name,
            only_in,
            numbers.get(values[0], number),
            {name: str(value) for name, value in zip(table.key, values, strict=True)},
        )
        for _, only_in, number, *values in rows
    ]
    return rows[0][0] if rows else 0, findings


def _tables(connection: psycopg.Connection[Any]) -> list[_Table]:
    return [_Table(*row) for row in connection.execute(_SQL["tables"])]


def _statement(name: str, table: str | None = None, **parts: sql.Composable) -> sql.Composed:
    if table is not None:
        parts |= {"live": sql.Identifier("views", table), "anew": sql.Identifier(FOLD, table)}
    return sql.SQL(_SQL[name].decode()).format(**parts)


def _row(connection: psycopg.Connection[Any], query: bytes) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query).fetchone()
    assert row is not None
    return row
