"""Tables made once more in a schema beside their own, the same in all but their rows: to be filled, and to take their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

_SQL = load("table_copies", "infrastructure.postgres.maintenance")


def make_twins(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Make them in a schema that is there, empty, with indexes, constraints, triggers and grants. Names are as before.

    ``tables`` are qualified; one that others refer to comes before those.
    """
    start_twins(connection, tables, schema)
    finish_twins(connection, tables, schema)


def start_twins(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Make them with their columns only: to be filled first, which is faster without indexes."""
    _run(connection, "make", tables, schema)


def finish_twins(connection: psycopg.Connection[Any], tables: Sequence[str], schema: str) -> None:
    """Give them everything else."""
    _run(connection, "keep", tables, schema)


def _run(connection: psycopg.Connection[Any], which: str, tables: Sequence[str], schema: str) -> None:
    for table in tables:
        for (statement,) in connection.execute(_SQL[which], {"table": table, "into": schema}).fetchall():
            connection.execute(statement)
