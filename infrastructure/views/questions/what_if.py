"""Tells the history of each case, as far as a policy decides on it, from the events themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from application.reports.what_if.history import TOPICS, CaseHistory, Told
from domain.case.clauses.resolution import ContactOutcome
from domain.case.status import STAFF
from domain.obligation import TO_CUSTOMERS
from infrastructure.postgres.connections import AsyncConnection
from infrastructure.views.questions.view_reader import END, NOW, ViewReader, filled, texts

_SQL = texts("what_if")
_TYPES = (
    *("uuid", "int8", "text", "timestamptz", "text", "timestamptz", "timestamptz", "timestamptz"),
    *("int4", "int4", "int4", "int4", "text", "text", "float8", "bool", "timestamptz"),
)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_TURN = 500
"""Rows after which others get their turn in the event loop."""
_BATCH = 20_000
"""Rows that are compared at a time, in a thread."""
_case_of = attrgetter("case")


class WhatIfView:
    """The histories of cases."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def each(
        self, since: datetime | None, until: datetime | None, take: Callable[[Iterator[CaseHistory]], None]
    ) -> int:
        """Tell the cases received in a period, up to the position of the views, which is returned.

        ``take`` gets them in batches, in a thread.
        """
        async with self._reader.unhurried() as connection, connection.transaction():
            await connection.execute(_SQL["settings"].encode())
            position = await self._reader.last_on(connection)
            told: list[Told] = []
            async for row in self._rows(connection, since, until, position):
                if len(told) >= _BATCH and row.case != told[-1].case:
                    await asyncio.to_thread(take, _histories(told))
                    told = []
                told.append(row)
            await asyncio.to_thread(take, _histories(told))
        return position

    async def _rows(
        self, connection: AsyncConnection, since: datetime | None, until: datetime | None, position: int
    ) -> AsyncIterator[Told]:
        bounded = since is not None or until is not None
        sql = filled(_SQL["told"], received=_SQL["received"] if bounded else "", now=NOW)
        values = {"topics": list(TOPICS), "position": position, "since": since or _BEGINNING, "until": until or END}
        values |= {"unreachable": ContactOutcome.UNREACHABLE, "told": list(TO_CUSTOMERS), "staff": list(STAFF)}
        async with connection.cursor() as cursor, cursor.copy(sql.encode(), values) as copy:
            copy.set_types(_TYPES)
            count = 0
            async for row in copy.rows():
                yield Told._make(row)
                count += 1
                if count % _TURN == 0:
                    await asyncio.sleep(0)


def _histories(told: Sequence[Told]) -> Iterator[CaseHistory]:
    """The cases of some events, in order of case and version."""
    for _, of_case in groupby(told, key=_case_of):
        yield CaseHistory.of(of_case)
