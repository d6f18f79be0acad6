"""The state of workers, what they have done, and the items they have set aside: in the database, for the API to read."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from application.faults import FAULTS
from application.figures import FIGURES
from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.queries import load

_SQL = load("operations", "infrastructure.postgres.workers")
_WITHIN = 30.0
"""Seconds until the next beat is overdue."""

_STATM = Path("/proc/self/statm")

log = structlog.get_logger()


class Pulse:
    """Reports the state of one worker. A database that cannot be reached is logged and stops no worker."""

    def __init__(self, database: Database, component: Component, worker: str) -> None:
        self._database, self._component, self.worker = database, component, worker
        self._next = 0.0

    def beat(self, within: float = _WITHIN) -> None:
        """Report that the worker runs. Cheap in a loop: it writes three times in ``within`` seconds, then is overdue."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + within / 3
            self._say("beat", state="running", error=None, within=within)

    def fails(self, error: Exception, within: float = _WITHIN) -> None:
        """Report an error after which the worker tries again."""
        self._next = 0.0
        self._say("beat", state="failing", error=_summary(error), within=within)

    def halts(self, why: str, within: float) -> None:
        """Report what the worker cannot get past. It looks again within so many seconds."""
        self._next = 0.0
        self._say("beat", state="halted", error=why, within=within)

    def leave(self) -> None:
        """Report that the worker was told to stop."""
        self._say("leave")

    def _say(self, statement: str, **values: Any) -> None:
        try:
            with self._database.connect(self._component) as connection:
                connection.execute(
                    _SQL[statement], {"worker": self.worker, "figures": Jsonb(_figures(self.worker)), **values}
                )
        except psycopg.Error as error:
            log.warning("a worker's state could not be kept", worker=self.worker, error=str(error))


class PostgresSetAside:
    """Implements `application.processes.retries.SetAside`."""

    def __init__(self, pool: AsyncPool, kind: str) -> None:
        self._pool, self._kind = pool, kind

    async def begin_anew(self) -> None:
        """Forget all items: a worker that starts tries them again."""
        await self._run("begin_anew")

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        """Keep an item that failed so many times, and whether the worker has given it up."""
        await self._run("keep", item, tries, given_up, _summary(error))

    async def forget(self, item: str) -> None:
        """Forget an item that has succeeded."""
        await self._run("forget", item)

    async def _run(self, statement: str, *values: Any) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SQL[statement], (self._kind, *values))


def _summary(error: Exception) -> str:
    """The kind of an error; with its text only where that cannot quote a message."""
    kind = type(error).__name__
    return f"{kind}: {error}"[:300] if isinstance(error, (OSError, psycopg.OperationalError, PoolTimeout)) else kind


def _figures(worker: str) -> Mapping[str, Any]:
    """What a worker has done, and what its process, which may run others too, has used."""
    used = {"cpu_seconds": time.process_time(), "uncaught_errors": sum(FAULTS.counts().values())}
    if (memory := _resident_bytes()) is not None:
        used["resident_bytes"] = memory
    return {"done": FIGURES.of(worker), **used}


def _resident_bytes() -> int | None:
    """Memory of this process; None where the system does not say (it has no /proc)."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
