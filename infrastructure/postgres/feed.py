"""The ledger as an async feed, and waiting for it: one connection listens for all who wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from application.documents import event_document
from application.views.questions import FeedItem
from infrastructure.postgres.database import Database
from infrastructure.postgres.queries import load

_SQL = load("feed")
_RECONNECT = 1.0

T = TypeVar("T")
log = structlog.get_logger()


class PostgresFeed:
    """Implements `application.views.questions.Feed`."""

    def __init__(self, database: Database, pool: AsyncConnectionPool[Any], reference_moved: Callable[[], None]) -> None:
        self._database, self._pool, self._reference_moved = database, pool, reference_moved
        self._events = self._views = 0
        self._waiting = 0
        """How many wait: while nobody does, a commit costs us nothing."""
        self._moved = asyncio.Condition()
        self._running: set[asyncio.Task[Any]] = set()

    async def page(self, after: int, limit: int) -> Sequence[FeedItem]:
        return await self._to_its_end(self._page(after, limit))

    async def _page(self, after: int, limit: int) -> Sequence[FeedItem]:
        async with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(_SQL["page"], (after, limit), prepare=True)
            rows = await cursor.fetchall()
        # A thousand states take their time to decode: not that of the event loop.
        return await asyncio.to_thread(lambda: [_item(*row) for row in rows])

    async def wait_for_event(self, after: int, seconds: float) -> bool:
        return await self._wait(lambda: self._events > after, seconds)

    async def wait_for_view(self, position: int, seconds: float) -> bool:
        return await self._wait(lambda: self._views >= position, seconds)

    async def _wait(self, reached: Callable[[], bool], seconds: float) -> bool:
        self._waiting += 1
        try:
            await self._to_its_end(self._look_once())
            async with self._moved:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait_for(reached), seconds)
                return reached()
        finally:
            self._waiting -= 1

    async def _look_once(self) -> None:
        async with self._pool.connection() as connection:
            await self._look(connection)

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Let work on a pooled connection end even when who asked has gone.

        A reader who hangs up is cancelled at every await, so also at the one that gives the connection back: the pool
        would lose one with each of them.
        """
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def listen(self) -> None:
        """Follow ledger and views by NOTIFY until cancelled; a lost connection is made anew."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._database.for_component("api"), autocommit=True
                ) as connection:
                    await connection.execute(_SQL["listen_events"])
                    await connection.execute(_SQL["listen_views"])
                    await connection.execute(_SQL["listen_reference"])
                    self._reference_moved()  # whatever was said while nobody listened
                    while True:
                        if self._waiting:
                            await self._look(connection)
                        async for said in connection.notifies(stop_after=1):
                            if said.channel == "reference":
                                self._reference_moved()
            except psycopg.OperationalError as error:
                log.warning("feed listener lost the database", error=str(error))
                await asyncio.sleep(_RECONNECT)

    async def _look(self, connection: psycopg.AsyncConnection[Any]) -> None:
        row = await (await connection.execute(_SQL["positions"])).fetchone()
        assert row is not None
        async with self._moved:
            self._events, self._views = max(self._events, row[0]), max(self._views, row[1])
            self._moved.notify_all()


def _item(
    position: int,
    stream: Any,
    version: int,
    topic: str,
    state: bytes,
    recorded_at: Any,
    db_role: str,
    number: str | None,
) -> FeedItem:
    document = event_document(position, version, topic, recorded_at, db_role, bytes(state))
    return FeedItem(position, {**document, "stream": stream, "number": number})


@asynccontextmanager
async def open_feed(database: Database, reference_moved: Callable[[], None]) -> AsyncIterator[PostgresFeed]:
    """The feed with its pool and its listener, which also tells when catalogue, policy or grants have changed."""
    async with database.async_pool("api", size=4) as pool:
        feed = PostgresFeed(database, pool, reference_moved)
        listening = asyncio.create_task(feed.listen(), name="feed listener")
        try:
            yield feed
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
