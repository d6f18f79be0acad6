"""Copies of tables under the same names in another schema: empty, to be filled and to replace the originals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

_SQL = load("table_copies", "infrastructure.postgres.maintenance")


def make_copies(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Create empty copies in an existing schema, with indexes, constraints, triggers and grants.

    ``tables`` are qualified names. A table that others reference comes before them.
    """
    make_bare_copies(connection, tables, schema)
    complete_copies(connection, tables, schema)


def make_bare_copies(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Create the copies with their columns only: filling them is faster without indexes."""
    _run(connection, "bare", tables, schema)


def complete_copies(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Add everything else to filled copies."""
    _run(connection, "complete", tables, schema)


def _run(connection: psycopg.Connection[Any], query: str, tables: Sequence[str], schema: str) -> None:
    for table in tables:
        for (statement,) in connection.execute(_SQL[query], {"table": table, "into": schema}).fetchall():
            connection.execute(statement)
