"""How every question of the read side is asked: on a pool, in pages by keyset."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from psycopg import AsyncConnection as PsycopgConnection
from psycopg import AsyncCursor
from psycopg.rows import dict_row

from application.views.cases import PAST
from application.views.questions import Listing, Page, Point
from infrastructure.postgres.connections import AsyncConnection
from infrastructure.postgres.queries import load

LATEST = 2**62
"""A position after every event."""
END = datetime.max.replace(tzinfo=UTC)

Row = dict[str, Any]
Ask = Callable[[str, Mapping[str, Any]], Awaitable[list[Row]]]


def texts(name: str) -> dict[str, str]:
    """The statements of ``sql/<name>.sql`` as text, to be composed."""
    return {heading: sql.decode() for heading, sql in load(name, "infrastructure.views.questions").items()}


_SQL = texts("view_reader")
CASE_COLUMNS = _SQL["columns"]
"""The columns of a case `c` in a listing."""
NOW = _SQL["now"]
"""All cases as they are now."""
_FACTS = ("number", "received_at", "customer", "channel", "imported")
"""What never changes of a case."""
PRESENT = ", ".join(f"c.{name}" for name in ("case_id", "version", "position", "updated_at", *_FACTS, *PAST))
"""The columns of a case `c` that it has at every point."""
ENDED = ", ".join(
    (
        *("i.case_id", "i.version::bigint", "i.position", "i.since AS updated_at"),
        *(f"f.{name}" for name in _FACTS),
        *(f"i.{name}" for name in PAST),
    )
)
"""The same of an ended interval `i`, whose case is `f`."""


class Lends(Protocol):
    """A pool of connections, or what lends them as one does."""

    def connection(self) -> AbstractAsyncContextManager[PsycopgConnection[Any]]:
        """A connection for as long as the context lasts."""
        ...


class ViewReader:
    """Reads view tables on a pool, in the event loop."""

    def __init__(self, pool: Lends) -> None:
        self._pool = pool

    async def last(self) -> int:
        """The position up to which the views have folded the ledger."""
        return int((await self.rows(_SQL["position"]))[0]["position"])

    async def at(self, moment: datetime) -> int:
        """The position of the last event recorded at or before a moment; 0 when there is none."""
        rows = await self.rows(_SQL["position_at"], {"moment": moment})
        return int(rows[0]["position"] or 0)

    async def rows(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement whose plan holds for all values."""
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row, binary=True) as cursor,
        ):
            await cursor.execute(sql.encode(), values, prepare=True)
            return await cursor.fetchall()

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[AsyncConnection]:
        """A connection for a statement that takes minutes: only its own limit ends it."""
        async with self._pool.connection() as connection:
            assert isinstance(connection, AsyncConnection)
            patience, connection.patience = connection.patience, None
            try:
                yield connection
            finally:
                connection.patience = patience

    @staticmethod
    async def last_on(connection: AsyncConnection) -> int:
        """The position up to which the views have folded the ledger, as a transaction sees it."""
        row = await (await connection.execute(_SQL["position"].encode())).fetchone()
        return 0 if row is None else int(row[0])

    @asynccontextmanager
    async def snapshot(self, settings: str = _SQL["snapshot"]) -> AsyncIterator[Snapshot]:
        """Read several statements at one moment, under settings for lists unless others are given."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(settings.encode())
            async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
                yield Snapshot(cursor)

    @asynccontextmanager
    async def searching(self) -> AsyncIterator[Ask]:
        """A transaction of searches, under thresholds of likeness of our own."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_SQL["searching"].encode())

            async def ask(sql: str, values: Mapping[str, Any]) -> list[Row]:
                async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
                    # Not prepared: the plan depends on the words, and PostgreSQL then parses them only once.
                    await cursor.execute(sql.encode(), values, prepare=False)
                    return await cursor.fetchall()

            yield ask

    async def listing(
        self,
        rows: list[Row],
        page: Page,
        point: Point,
        key: Callable[[Row], tuple[Any, ...]],
        item: Callable[[Row], Row],
    ) -> Listing:
        """A page of rows that were read one beyond its limit. Each row carries the `position` it was read at."""
        more, rows = len(rows) > page.limit, rows[: page.limit]
        position = rows[0]["position"] if rows else await self.last()
        known = position if point.position is None else min(position, point.position)
        return Listing([item(row) for row in rows], key(rows[-1]) if more else None, known)


class Snapshot:
    """The views at one moment."""

    def __init__(self, cursor: AsyncCursor[Row]) -> None:
        self._cursor = cursor
        self._found: dict[tuple[str, tuple[tuple[str, Any], ...]], list[Row]] = {}

    async def last(self) -> int:
        """The position up to which the views have folded the ledger."""
        return int((await self.rows(_SQL["position"]))[0]["position"])

    async def rows_once(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """The rows of a statement that is asked several times: at one moment they are the same."""
        key = sql, tuple(values.items())
        if key not in self._found:
            self._found[key] = await self.rows(sql, values)
        return self._found[key]

    async def rows(
        self, sql: str, values: Mapping[str, Any] | Sequence[Any] = (), *, prepared: bool = False
    ) -> list[Row]:
        """The rows of a statement. Unless it is ``prepared`` it is planned for these values: how many fit decides."""
        await self._cursor.execute(sql.encode(), values, prepare=prepared)
        return await self._cursor.fetchall()


def position_of(point: Point) -> int:
    """The position of a point; one after every event where it names none, or one that no event can have."""
    return LATEST if point.position is None else min(point.position, LATEST)


def filled(sql: str, **parts: str) -> str:
    """A statement with its `{placeholders}` replaced, in order: a part may hold placeholders of later ones."""
    for name, text in parts.items():
        sql = sql.replace("{" + name + "}", text)
    return sql


def one_page(sql: str, page: Page) -> str:
    """A statement that reads one row more than the page holds: whether there are more pages."""
    return f"{sql} LIMIT {page.limit + 1:d}"


def filter_conditions(filters: Mapping[str, str], columns: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """Conditions and their values, one for each filter. Raises ValueError for a name without a column."""
    if unknown := [name for name in filters if name not in columns]:
        raise ValueError(f"{unknown[0]} is no filter")
    conditions = [f"{columns[name]} = %({name})s" for name in filters]
    return conditions, {name: matchable(value) for name, value in filters.items()}


def matchable(value: str) -> str:
    """A value that can be compared with stored text. The database stores no NUL, so a NUL must match nothing."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def case_item(row: Row) -> Row:
    """A case in a listing."""
    item = {name: value for name, value in row.items() if name != "position"}
    reason, since = item.pop("pending_reason"), item.pop("pending_since")
    item["pending"] = {"reason": reason, "since": since} if reason else None
    item["subject"] = json.loads(row["subject"]) if row["subject"] else None
    return item


def plain_item(row: Row) -> Row:
    """A row without its position, which the listing names."""
    return {name: value for name, value in row.items() if name != "position"}
