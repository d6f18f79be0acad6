"""The table of reads, and the task that keeps them in batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import psycopg
import structlog
from eventsourcing.persistence import PersistenceError
from psycopg_pool import PoolTimeout

from application.audit.reads import ReadFilter, Reading, Readings
from application.execution.reference import References
from application.faults import FAULTS
from application.views.questions import Listing, Page
from domain.policy import Policy
from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.queries import load
from infrastructure.views.questions.view_reader import LATEST, ViewReader

_SQL = load("reads", "infrastructure.views")
_CONDITIONS = {
    **{name: f"{name} = %({name})s" for name in ("about", "reader", "customer")},
    "since": "read_at >= %(since)s",
    "until": "read_at < %(until)s",
}
_EVERY = 1.0
"""Seconds between two batches: what a killed process loses at most."""
log = structlog.get_logger()


class PostgresReads:
    """Implements `application.audit.reads.KeptReads`."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool, self._reader = pool, ViewReader(pool)

    async def add(self, readings: list[Reading]) -> None:
        """Keep reads in one statement. Raises psycopg.Error."""
        rows = [
            (
                *(r.read_at, r.reader.subject, r.reader.role.value, r.reader.team, r.through, r.what.value, r.about),
                *(r.version, r.position, r.stream),
            )
            for r in readings
        ]
        async with self._pool.connection() as connection:
            await connection.execute(_SQL["add"], [list(column) for column in zip(*rows, strict=True)], prepare=True)

    async def page(self, wanted: ReadFilter, page: Page) -> Listing:
        """Return reads, newest first, after a read's id."""
        given = {name: value for name, value in vars(wanted).items() if value is not None}
        conditions = " AND ".join(["read_id < %(after)s", *(_CONDITIONS[name] for name in given)])
        after = page.after[0] if page.after else LATEST
        sql = _SQL["page"].decode().replace("{conditions}", conditions)
        rows = await self._reader.rows(sql, {**given, "after": after, "limit": page.limit + 1})
        items = rows[: page.limit]
        key = (items[-1]["read_id"],) if len(rows) > page.limit else None
        return Listing(items, key, await self._reader.last())

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove the oldest reads from before a time; returns how many."""
        async with self._pool.connection() as connection:
            return (await connection.execute(_SQL["forget"], (before, limit))).rowcount


@asynccontextmanager
async def keeping(readings: Readings, kept: PostgresReads, references: References) -> AsyncIterator[None]:
    """Keep what is read in batches, for as long as the application runs, and what is left at its end."""

    failing = False

    async def policy() -> Policy:
        return (await references.current()).policy

    async def flush() -> None:
        nonlocal failing
        lost = readings.lost
        try:
            await readings.flush(kept, policy)
            failing = False
        except (psycopg.Error, PoolTimeout, PersistenceError) as error:
            if not failing:
                log.warning("reads cannot be kept now; they wait", error=str(error))
            failing = True
        except Exception as error:  # noqa: BLE001 - the task ends with the application, and not before
            FAULTS.add("keeper of reads", error)
        if readings.lost > lost:
            log.error("reads are lost", lost=readings.lost)

    async def run() -> None:
        while True:
            await asyncio.sleep(_EVERY)
            await flush()

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await flush()
