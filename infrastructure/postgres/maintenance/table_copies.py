"""Copies of tables under the same names in another schema: empty, to be filled and to replace the originals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

_SQL = load("table_copies", "infrastructure.postgres.maintenance")


def make_keyed_copies(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Create empty copies in an existing schema, with all but the indexes that are no keys.

    ``tables`` are qualified names. A table that others reference comes before them.
    """
    make_bare_copies(connection, tables, schema)
    _run(connection, "complete", tables, schema, late=False)


def make_bare_copies(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Create the copies with their columns only: filling them is faster without indexes."""
    _run(connection, "bare", tables, schema)


def complete_copies(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Add everything else to filled copies."""
    _run(connection, "complete", tables, schema, late=False)
    add_indexes(connection, tables, schema)


def add_indexes(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Add the indexes that are no keys: making them of a filled table is faster than filling them with it."""
    _run(connection, "complete", tables, schema, late=True)


def _run(
    connection: psycopg.Connection[Any], query: str, tables: Sequence[str], schema: str, *, late: bool = False
) -> None:
    for table in tables:
        for (statement,) in connection.execute(_SQL[query], {"table": table, "into": schema, "late": late}).fetchall():
            connection.execute(statement)
