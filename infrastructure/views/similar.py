"""Finds cases that may be about the same, in the view of what customers said and in what it has not folded yet."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.errors import QueryCanceled
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from application.views.similar import Report
from application.views.texts import storable, words_of
from infrastructure.postgres.queries import load

_SQL = {name: sql.decode() for name, sql in load("finding", "infrastructure.views").items()}
_COMPARED = 4_000
"""Characters of a report that others are looked for by."""


class PostgresFinder:
    """Implements `application.views.similar.Finder`."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool

    async def similar(
        self,
        words: str,
        external_ref: str | None,
        since: datetime,
        until: datetime,
        limit: int,
        *,
        patience: timedelta | None = None,
    ) -> Sequence[Report]:
        asked = {
            "words": storable(words)[:_COMPARED],
            "external_ref": external_ref,
            "since": since,
            "until": until,
            "limit": limit,
        }
        # In this order: what is folded in between is found twice, and not missed.
        async with self._looking(patience) as cursor:
            found = [*await self._unfolded(cursor, asked), *await self._rows(cursor, "known", asked)]
        best = {row["number"]: row for row in sorted(found, key=lambda row: float(row["rank"]))}
        ranked = sorted(best.values(), key=lambda row: (-row["rank"], row["received_at"], row["number"]))
        return [Report(**{name: row[name] for name in _FIELDS}) for row in ranked[:limit]]

    @asynccontextmanager
    async def _looking(self, patience: timedelta | None) -> AsyncIterator[AsyncCursor[dict[str, Any]]]:
        if patience is None:
            async with self._pool.connection() as connection, self._cursor(connection) as cursor:
                yield cursor
            return
        try:
            async with (
                self._pool.connection(timeout=patience.total_seconds()) as connection,
                self._cursor(connection) as cursor,
                connection.transaction(),
            ):
                await cursor.execute(_SQL["be_brief"].encode(), (f"{patience / timedelta(milliseconds=1):.0f}",))
                yield cursor
        except (QueryCanceled, PoolTimeout):  # others have all connections: as good as a search that takes long
            raise TimeoutError from None

    @staticmethod
    def _cursor(connection: AsyncConnection[Any]) -> AsyncCursor[dict[str, Any]]:
        return connection.cursor(row_factory=dict_row, binary=True)

    async def _unfolded(self, cursor: AsyncCursor[dict[str, Any]], asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What is on the record and not in the view: what was logged a moment ago."""
        logged = [_logged(row["state"], row["value"]) for row in await self._rows(cursor, "unfolded", {})]
        texts = [report["words"] for report in logged]
        if not texts:
            return []
        refs = [report["external_ref"] for report in logged]
        ranked = await self._rows(cursor, "ranked", {**asked, "texts": texts, "refs": refs})
        ranks = {row["place"]: row["rank"] for row in ranked}
        return [
            {**report, "rank": ranks[place]}
            for place, report in enumerate(logged, start=1)
            if place in ranks and asked["since"] <= report["received_at"] <= asked["until"]
        ]

    @staticmethod
    async def _rows(cursor: AsyncCursor[dict[str, Any]], name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        sql = _SQL[name].replace("{any}", _SQL["any"])
        # Not prepared: planned for these words, which also are parsed once only.
        await cursor.execute(sql.encode(), values, prepare=False)
        return await cursor.fetchall()


_FIELDS = tuple(Report.__dataclass_fields__)


def _logged(state: bytes, value: str) -> dict[str, Any]:
    """What a `case.logged` event says, with the words of its disclosure."""
    said = json.loads(state)
    return {
        "number": said["number"],
        "service": said.get("service"),
        "customer": said["customer"],
        "received_at": datetime.fromisoformat(said["received_at"]),
        "external_ref": said.get("external_ref"),
        "words": words_of([value]),
    }
