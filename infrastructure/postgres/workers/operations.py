"""What workers say of themselves, and what they have given up for now: kept in the database, where the API reads it."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.queries import load

_SQL = load("operations", "infrastructure.postgres.workers")
_WITHIN = 30.0
"""Seconds within which a worker speaks again unless it says otherwise."""

log = structlog.get_logger()


class Pulse:
    """One worker's word on how it is doing. A database that is away keeps no worker from its work."""

    def __init__(self, database: Database, component: Component, worker: str) -> None:
        self._database, self._component, self.worker = database, component, worker
        self._next = 0.0

    def beat(self, within: float = _WITHIN) -> None:
        """Say that it works, and speaks again within so many seconds; cheap enough for every turn of a loop."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + within / 3
            self._say("beat", state="running", error=None, within=within)

    def fails(self, error: Exception, within: float = _WITHIN) -> None:
        """Say what keeps it from working; it tries again."""
        self._next = 0.0
        self._say("beat", state="failing", error=_told(error), within=within)

    def halts(self, why: str, within: float) -> None:
        """Say what it cannot get past; it looks again within so many seconds."""
        self._next = 0.0
        self._say("beat", state="halted", error=why, within=within)

    def leave(self) -> None:
        """Say that it was told to stop."""
        self._say("leave")

    def _say(self, statement: str, **values: Any) -> None:
        try:
            with self._database.connect(self._component) as connection:
                connection.execute(_SQL[statement], {"worker": self.worker, **values})
        except psycopg.Error as error:
            log.warning("a worker's state could not be kept", worker=self.worker, error=str(error))


class PostgresSetAside:
    """Implements `application.processes.retries.SetAside`."""

    def __init__(self, pool: AsyncPool, kind: str) -> None:
        self._pool, self._kind = pool, kind

    async def begin_anew(self) -> None:
        await self._run("begin_anew")

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        await self._run("keep", item, tries, given_up, _told(error))

    async def forget(self, item: str) -> None:
        await self._run("forget", item)

    async def _run(self, statement: str, *values: Any) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SQL[statement], (self._kind, *values))


def _told(error: Exception) -> str:
    """What may be kept of an error: its kind, and the words of those that are not about a message's contents."""
    kind = type(error).__name__
    return f"{kind}: {error}"[:300] if isinstance(error, (OSError, psycopg.OperationalError, PoolTimeout)) else kind
