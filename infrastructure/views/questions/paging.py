"""How the view tables are asked: on the pool it is given, in pages by keyset."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from application.views.questions import Listing, Page, Point
from infrastructure.postgres.queries import load

_SQL = {name: sql.decode() for name, sql in load("paging", "infrastructure.views.questions").items()}
LATEST = 2**62
"""A position after all there are."""
END = datetime.max.replace(tzinfo=UTC)
CASE_COLUMNS = _SQL["columns"]
"""What a listing shows of a case `c`."""

Row = dict[str, Any]


class Asking:
    """What every part of the read side stands on."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        self._pool = pool

    def position(self) -> int:
        """Up to where the views have folded the ledger."""
        return int(self._rows(_SQL["position"])[0]["position"])

    def _rows(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[Row]:
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row, binary=True) as cursor:
            return cursor.execute(sql.encode(), values, prepare=True).fetchall()

    def _alike(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """The rows of a query by likeness, under our own idea of what is alike."""
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(_SQL["likeness"].encode())
            with connection.cursor(row_factory=dict_row, binary=True) as cursor:
                # Not prepared: planned for these words, which also are parsed once only.
                return cursor.execute(sql.encode(), values, prepare=False).fetchall()

    def _listing(
        self,
        rows: list[Row],
        page: Page,
        point: Point,
        key: Callable[[Row], tuple[Any, ...]],
        item: Callable[[Row], Row],
    ) -> Listing:
        """A page of rows that were read one beyond its limit; each carries the `position` it was read at."""
        more, rows = len(rows) > page.limit, rows[: page.limit]
        position = rows[0]["position"] if rows else self.position()
        items = [item(row) for row in rows]
        known = position if point.position is None else min(position, point.position)
        return Listing(items, key(rows[-1]) if more else None, known)


def matchable(value: str) -> str:
    """A value as it can be compared with what is stored: text in the database has no NUL, so neither has an answer."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def case_at(point: Point) -> tuple[str, dict[str, Any]]:
    """The condition on intervals `c` that picks each case as it was at a point, and its values."""
    return at(point, _SQL["now"], _SQL["at_point"])


def at(point: Point, now: str, then: str) -> tuple[str, dict[str, Any]]:
    """One of two conditions: for now, or for a point, with its values."""
    if point == Point():
        return now, {}
    position = LATEST if point.position is None else point.position
    return then, {"position": position, "effective_at": point.effective_at or END}


def case_item(row: Row) -> Row:
    """A case in a listing."""
    words = json.loads(row["words"]) if row["words"] else {}
    item = {name: value for name, value in row.items() if name not in ("words", "position")}
    reason, since = item.pop("pending_reason"), item.pop("pending_since")
    item["pending"] = {"reason": reason, "since": since} if reason else None
    item["subject"] = words.get("subject")
    return item


def plain_item(row: Row) -> Row:
    """A row as it is, less the position that the listing names."""
    return {name: value for name, value in row.items() if name != "position"}
