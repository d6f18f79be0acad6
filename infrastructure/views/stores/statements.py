"""The statements of a view's store, for the live views or for those being made beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infrastructure.postgres.queries import load


def statements(name: str, schema: str, package: str = "infrastructure.views.stores") -> dict[str, bytes]:
    """The statements of ``sql/<name>.sql``, on the tables of a schema."""
    return {heading: on_schema(sql, schema) for heading, sql in load(name, package).items()}


def on_schema(sql: bytes, schema: str) -> bytes:
    """A statement on the views of another schema."""
    return sql.replace(b"views.", schema.encode() + b".")


def transposed(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    """Rows as the parallel arrays that `unnest` takes."""
    return tuple(map(list, zip(*rows, strict=True)))
