"""The SQL of views: the same statements fold into the live schema, and into one that is built beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infrastructure.postgres.queries import load


def statements(name: str, schema: str, package: str = "infrastructure.views.stores") -> dict[str, bytes]:
    """The statements of ``sql/<name>.sql`` in a package, on the tables of a schema."""
    tables = schema.encode() + b"."
    return {heading: sql.replace(b"views.", tables) for heading, sql in load(name, package).items()}


def filled(sql: bytes, parts: dict[str, str]) -> bytes:
    """A statement with its `{placeholders}` replaced."""
    for name, text in parts.items():
        sql = sql.replace(b"{%b}" % name.encode(), text.encode())
    return sql


def transposed(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    """Rows as the parallel arrays that `unnest` takes."""
    return tuple(map(list, zip(*rows, strict=True)))
