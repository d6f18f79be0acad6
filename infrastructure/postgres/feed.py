"""The ledger as an asynchronous feed. One connection listens for all who wait for events or views."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from application.cases.history import event_document
from application.faults import FAULTS
from application.views.questions import FeedItem
from infrastructure.postgres.connections import AsyncConnection
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.queries import load

_SQL = load("feed")
_RECONNECT = 1.0
"""Seconds until a lost connection is made again."""
_SILENCE = 2.0
"""Seconds without a notification after which the listener tests its connection."""
_ANSWER = 3.0
"""Seconds that the answer may take. A revoked grant may count for readers until then, and no longer."""

T = TypeVar("T")
log = structlog.get_logger()


class Remembered(Protocol):
    """A memory of the record that is good while changes are heard of (`application.execution.reference.References`)."""

    def invalidate(self) -> None: ...
    def listened(self, hearing: bool) -> None: ...


class PostgresFeed:
    """Implements `application.views.questions.Feed`."""

    def __init__(
        self, database: Database, component: Component, pool: AsyncConnectionPool[Any], reference: Remembered
    ) -> None:
        self._database, self._component, self._pool, self._reference = database, component, pool, reference
        self._events = self._views = 0
        self._waiting = 0
        """How many wait. While nobody does, a commit costs nothing."""
        self._moved = asyncio.Condition()
        self._running: set[asyncio.Task[Any]] = set()

    async def page(self, after: int, limit: int) -> Sequence[FeedItem]:
        """Events after a position, at most ``limit``. Raises psycopg.OperationalError."""
        return await self._to_its_end(self._page(after, limit))

    async def _page(self, after: int, limit: int) -> Sequence[FeedItem]:
        async with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(_SQL["page"], (after, limit), prepare=True)
            rows = await cursor.fetchall()
        # In a thread: a thousand states would hold up the event loop.
        return await asyncio.to_thread(lambda: [feed_item(*row) for row in rows])

    async def wait_for_event(self, after: int, seconds: float) -> bool:
        """Wait until there may be an event after a position; False when the time is over."""
        return await self._wait(lambda: self._events > after, seconds)

    async def wait_for_view(self, position: int, seconds: float) -> bool:
        """Wait until the views have folded a position; False when the time is over."""
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
        """Finish work on a pooled connection even when its reader has gone.

        A reader who hangs up cancels every await, also the one that returns the connection: the pool would lose it.
        """
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def listen(self) -> None:
        """Follow ledger and views by NOTIFY until cancelled. A lost connection is made again."""
        while True:
            try:
                async with await AsyncConnection.connect(
                    self._database.for_component(self._component), autocommit=True
                ) as connection:
                    connection.patience = _ANSWER
                    # After a failover the record may end before the position that was seen last.
                    self._events = self._views = 0
                    await connection.execute(_SQL["listen_events"])
                    await connection.execute(_SQL["listen_views"])
                    await connection.execute(_SQL["listen_reference"])
                    self._reference.listened(True)
                    while True:
                        if self._waiting:
                            await self._look(connection)
                        await self._hear(connection)
            except psycopg.Error as error:
                log.warning("feed listener lost the database", error=str(error))
            except Exception as error:  # noqa: BLE001 - the only listener must not end
                FAULTS.add("feed listener", error)
            finally:
                self._reference.listened(False)
            await asyncio.sleep(_RECONNECT)

    async def _hear(self, connection: AsyncConnection) -> None:
        """Take the next notification, or test the connection after a silence. Raises psycopg.OperationalError."""
        heard = False
        async for notification in connection.notifies(timeout=_SILENCE, stop_after=1):
            heard = True
            if notification.channel == "reference":
                self._reference.invalidate()
        if not heard:
            await connection.execute("")

    async def _look(self, connection: psycopg.AsyncConnection[Any]) -> None:
        row = await (await connection.execute(_SQL["positions"])).fetchone()
        assert row is not None
        async with self._moved:
            self._events, self._views = max(self._events, row[0]), max(self._views, row[1])
            self._moved.notify_all()


def feed_item(
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
async def open_feed(
    database: Database, reference: Remembered, component: Component = "api"
) -> AsyncIterator[PostgresFeed]:
    """The feed with its pool and its listener. The listener also tells ``reference`` of changes to catalogue, policy or grants."""
    async with database.async_pool(component, size=4, name="feed") as pool:
        feed = PostgresFeed(database, component, pool, reference)
        listening = asyncio.create_task(feed.listen(), name="feed listener")
        try:
            yield feed
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
