"""Rebuilds the views from the events, in a schema beside the live one. The live views answer until the swap."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import psycopg
from psycopg import sql

from infrastructure.postgres.database import Connect
from infrastructure.postgres.maintenance.patience import change_patiently
from infrastructure.postgres.maintenance.table_copies import add_indexes, make_keyed_copies
from infrastructure.postgres.queries import load
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.streams import Advance, Streams, fill

_SQL = load("rebuild", "infrastructure.views")
_FOLDS = 2
"""Folds that share the work: while PostgreSQL writes what one has made, the other makes the next."""


def rebuild_views(
    connection: psycopg.Connection[Any], advance: Advance | None = None, *, connect: Connect | None = None
) -> int:
    """Fold every event anew and let the result replace the live views; returns how many events. Raises Poisoned.

    The projector waits only for the transaction that folds the last events and changes the names. No reader waits: while
    one holds a view, the swap tries again a moment later. With ``connect``, two folds share the work on connections of
    their own.
    """
    connection.execute(_SQL["take_turn"])
    try:
        shadow = make_shadow(connection)
        total = _fill(connection, shadow, connect, advance)
        total += shadow.catch_up(progress=advance)
        total += change_patiently(connection, lambda: _swap(connection, shadow, advance))
        change_patiently(connection, lambda: _drop_old(connection))
    finally:
        if not connection.closed:
            connection.execute(_SQL["leave_turn"])
    return total


def _fill(
    connection: psycopg.Connection[Any], shadow: Projector, connect: Connect | None, advance: Advance | None
) -> int:
    """Fill the shadow, then add the indexes for readers. Returns how many events. Raises Poisoned for the first culprit."""
    streams = Streams(connection)
    with ExitStack() as opened:
        others = [opened.enter_context(connect()) for _ in range(_FOLDS)] if connect else []
        for other in others:
            other.execute(_SQL["settings"])
        try:
            fill(streams, [Projector(other, "views_shadow") for other in others] or [shadow], advance)
        except Poisoned:
            make_shadow(connection).catch_up()
            raise
    connection.execute(_SQL["advance"], (streams.reached, streams.taken))
    for (table,) in connection.execute(_SQL["ordered"]).fetchall():
        connection.execute(sql.SQL("CLUSTER views_shadow.{}").format(sql.Identifier(table)))
    add_indexes(connection, _tables(connection), "views_shadow")
    for (table,) in connection.execute(_SQL["tables"]).fetchall():
        connection.execute(sql.SQL("VACUUM (ANALYZE) views_shadow.{}").format(sql.Identifier(table)))
    return streams.taken


def _swap(connection: psycopg.Connection[Any], shadow: Projector, advance: Advance | None) -> int:
    # Before any other lock: a comparison holds the tables for long.
    connection.execute(_SQL["wait_for_comparisons"])
    connection.execute(_SQL["halt_writers"])
    folded = shadow.catch_up(progress=advance)
    connection.execute(_SQL["be_brief"])
    definitions = connection.execute(_SQL["reporting"]).fetchall()
    connection.execute(_SQL["swap"])
    for name, definition in definitions:
        # The definition names `views.…`, the new tables; the reporting view still reads the old ones.
        statement = sql.SQL("CREATE OR REPLACE VIEW reporting.{} AS {}")
        connection.execute(statement.format(sql.Identifier(name), sql.SQL(definition)))
    return folded


def _drop_old(connection: psycopg.Connection[Any]) -> None:
    connection.execute(_SQL["be_brief"])
    connection.execute(_SQL["drop_old"])


def make_shadow(connection: psycopg.Connection[Any]) -> Projector:
    connection.execute(_SQL["settings"])
    with connection.transaction():
        connection.execute(_SQL["drop_shadow"])
        connection.execute(_SQL["create_shadow"])
        make_keyed_copies(connection, _tables(connection), "views_shadow")
        connection.execute(_SQL["start"])
    return Projector(connection, "views_shadow")


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [f"views.{name}" for (name,) in connection.execute(_SQL["tables"])]
