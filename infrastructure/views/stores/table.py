"""One table of a view: its statements are derived from its columns, and its columns' types from the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import psycopg
from psycopg.rows import dict_row

from infrastructure.views.stores.statements import filled, statements


class Table:
    """A table of a schema of views, on one connection."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str, name: str, columns: Sequence[str]) -> None:
        self._connection, self._name, self._columns = connection, f"{schema}.{name}", columns
        parts = {"table": self._name, "columns": ", ".join(columns)}
        self._sql = {heading: filled(sql, parts) for heading, sql in statements("table", schema).items()}

    @cached_property
    def _types(self) -> list[int]:
        """The object identifiers of the columns' types: a binary COPY must name them."""
        rows = self._connection.execute(self._sql["types"], (list(self._columns), self._name)).fetchall()
        return [oid for (oid,) in rows]

    def load(self, key: str, ids: Iterable[Any]) -> list[dict[str, Any]]:
        """The rows whose key column has one of these values."""
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        return cursor.execute(filled(self._sql["load"], {"key": key}), (list(ids),)).fetchall()

    def delete(self, key: str, ids: Iterable[Any]) -> None:
        """Delete the rows whose key column has one of these values."""
        self._connection.execute(filled(self._sql["delete"], {"key": key}), (list(ids),))

    def insert(self, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, each with a value for every column. The database is not asked where there are none."""
        coming = iter(rows)
        if (first := next(coming, None)) is None:
            return
        types = self._types
        with self._connection.cursor().copy(self._sql["insert"]) as copy:
            copy.set_types(types)
            for row in chain((first,), coming):
                copy.write_row(row)
