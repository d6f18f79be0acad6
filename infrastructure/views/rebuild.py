"""Rebuilds the views from the events, in a schema beside the live one; the live ones answer until the swap."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from infrastructure.postgres.maintenance.table_copies import make_twins
from infrastructure.postgres.queries import load
from infrastructure.views.projector import Projector

_SQL = load("rebuild", "infrastructure.views")
_PAUSE = 0.2
"""Seconds between two tries to get at a view that a reader holds."""
Advance = Callable[[int], None]


def rebuild_views(connection: psycopg.Connection[Any], advance: Advance | None = None) -> int:
    """Fold every event anew and put the result in the live views' place; returns how many. Raises Poisoned.

    The projector is held up only while the last events are folded and the names change, in one transaction. Nobody waits
    behind the change: what a reader holds is not waited for, but tried again a moment later.
    """
    connection.execute(_SQL["take_turn"])
    try:
        shadow = _make_shadow(connection)
        total = shadow.catch_up(progress=advance)
        total += _patiently(connection, lambda: _swap(connection, shadow, advance))
        _patiently(connection, lambda: _drop_old(connection))
    finally:
        if not connection.closed:
            connection.execute(_SQL["leave_turn"])
    return total


def _swap(connection: psycopg.Connection[Any], shadow: Projector, advance: Advance | None) -> int:
    # First of all: who compares holds the tables for long.
    connection.execute(_SQL["wait_for_comparisons"])
    connection.execute(_SQL["halt_writers"])
    folded = shadow.catch_up(progress=advance)
    connection.execute(_SQL["be_brief"])
    definitions = connection.execute(_SQL["reporting"]).fetchall()
    connection.execute(_SQL["swap"])
    for name, definition in definitions:
        # The text names `views.…`, which are the new tables now; the view itself still reads the old ones.
        statement = sql.SQL("CREATE OR REPLACE VIEW reporting.{} AS {}")
        connection.execute(statement.format(sql.Identifier(name), sql.SQL(definition)))
    return folded


def _drop_old(connection: psycopg.Connection[Any]) -> int:
    connection.execute(_SQL["be_brief"])
    connection.execute(_SQL["drop_old"])
    return 0


def _patiently(connection: psycopg.Connection[Any], change: Callable[[], int]) -> int:
    """Make a change as one transaction, and try again as long as a reader holds what it changes."""
    pause = threading.Event()
    while True:
        try:
            with connection.transaction():
                return change()
        except psycopg.errors.LockNotAvailable:
            pause.wait(_PAUSE)


def _make_shadow(connection: psycopg.Connection[Any]) -> Projector:
    connection.execute("SET synchronous_commit = off")
    with connection.transaction():
        connection.execute(_SQL["drop_shadow"])
        connection.execute(_SQL["create_shadow"])
        make_twins(connection, _tables(connection), "views_shadow")
        connection.execute(_SQL["start"])
    return Projector(connection, "views_shadow")


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [f"views.{name}" for (name,) in connection.execute(_SQL["tables"])]
