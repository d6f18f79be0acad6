"""Lends connections to a replica whose views are as far as those of the database it follows; else to that database.

So no answer is older than the database's own would have been, and a position that a caller was told is always reached. A
server that lost its place in a failover, and still has events that the record lacks, is recognised by them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.queries import load

_SQL = load("replica")
_PATIENCE = 1.0
"""Seconds that a connection to a replica is waited for."""
_LOOKS, _MOST_LOOKS = 0.005, 20
"""Seconds by which each pause between two looks is longer than the one before, and how many looks there are: about a second
for a replica to catch up, which mostly is milliseconds behind."""
_AWAY = 5.0
"""Seconds during which a replica that could not be used is not asked again."""

_Event = tuple[int, UUID | None, int | None]
"""Position, stream and version."""
log = structlog.get_logger()


class ReadingPool:
    """The connections that views are read on, where there is a replica to read them from."""

    def __init__(self, leader: AsyncPool, replica: AsyncPool) -> None:
        self._leader, self._replica = leader, replica
        self._away_until = 0.0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A connection to the replica, or to its leader where that is away or behind. Raises psycopg_pool.PoolTimeout."""
        async with AsyncExitStack() as lent:
            if (follower := await self._follower(lent)) is not None:
                yield follower
                return
            await lent.aclose()
            yield await lent.enter_async_context(self._leader.connection())

    async def _follower(self, lent: AsyncExitStack) -> psycopg.AsyncConnection[Any] | None:
        """A connection to a replica that has caught up; None where there is none in time."""
        if time.monotonic() < self._away_until:
            return None
        async with self._leader.connection() as leader:
            wanted = await _folded(leader)
        why: object = "it does not catch up"
        try:
            connection = await lent.enter_async_context(self._replica.connection(timeout=_PATIENCE))
            for look in range(_MOST_LOOKS):
                found = await _folded(connection)
                if found == wanted or (found[0] > wanted[0] and await self._has(found)):
                    return connection
                if found[0] >= wanted[0]:
                    why = "its record is another one"
                    break
                await asyncio.sleep(_LOOKS * look)
        except (psycopg.OperationalError, PoolTimeout) as error:
            why = error
        self._away_until = time.monotonic() + _AWAY
        log.warning("a replica is not read from for now", seconds=_AWAY, why=str(why))
        return None

    async def _has(self, event: _Event) -> bool:
        """Whether the leader has an event that it had not folded a moment ago."""
        async with self._leader.connection() as leader:
            cursor = await leader.execute(_SQL["event"], (event[0],), prepare=True)
            return await cursor.fetchone() == event


async def _folded(connection: psycopg.AsyncConnection[Any]) -> _Event:
    """The last event that the views of a server have folded."""
    row = await (await connection.execute(_SQL["folded"], prepare=True)).fetchone()
    return row or (0, None, None)
