"""Rebuilds the views from the events, in a schema beside the live one; the live ones answer until the swap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from infrastructure.postgres.queries import load
from infrastructure.views.projector import Projector

_SQL = load("rebuilding", "infrastructure.views")
Advance = Callable[[int], None]


def rebuild_views(connection: psycopg.Connection[Any], advance: Advance | None = None) -> int:
    """Fold every event anew and put the result in the live views' place; returns how many. Raises Poisoned.

    The projector is held up only while the last events are folded and the names change, in one transaction.
    """
    shadow = _make_shadow(connection)
    total = shadow.catch_up(progress=advance)
    with connection.transaction():
        # First of all: who compares holds the tables for long, and readers would queue up behind our lock on them.
        connection.execute(_SQL["wait_for_comparisons"])
        connection.execute(_SQL["halt_writers"])
        total += shadow.catch_up(progress=advance)
        definitions = connection.execute(_SQL["reporting"]).fetchall()
        connection.execute(_SQL["swap"])
        for name, definition in definitions:
            # The text names `views.…`, which are the new tables now; the view itself still reads the old ones.
            statement = sql.SQL("CREATE OR REPLACE VIEW reporting.{} AS {}")
            connection.execute(statement.format(sql.Identifier(name), sql.SQL(definition)))
        connection.execute(_SQL["drop_old"])
    return total


def _make_shadow(connection: psycopg.Connection[Any]) -> Projector:
    connection.execute("SET synchronous_commit = off")
    with connection.transaction():
        connection.execute(_SQL["drop_shadow"])
        connection.execute(_SQL["create_shadow"])
        for table in _tables(connection):
            statement = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)")
            connection.execute(statement.format(sql.Identifier("views_shadow", table), sql.Identifier("views", table)))
        connection.execute(_SQL["start"])
    return Projector(connection, "views_shadow")


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute(_SQL["tables"])]
