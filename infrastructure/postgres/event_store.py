"""The event store as the application uses it: asynchronous reads on a pool, appends through the group commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import OperationalError
from psycopg_pool import PoolTimeout

from application import tracing
from application.ports import Beside, Entry, Head
from application.tracing import Traced
from domain.aggregate import Root
from domain.values import Disclosure, DisclosureKind
from infrastructure.postgres.append import PATIENCE, Append, as_persistence_error
from infrastructure.postgres.connections import LIMITS, QUESTION, AsyncPool
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.group_commit import GroupCommit
from infrastructure.postgres.kept import KeptAggregates
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.queries import load
from infrastructure.postgres.stored_event import LedgerEvent

_SQL = load("recorder")
_LAST = 2**63 - 1
MAPPER = StateMapper()


class Writers:
    """The two writers of a process, each with a connection of its own."""

    def __init__(self, database: Database, component: Component) -> None:
        brief, long = LIMITS[component], max(QUESTION, LIMITS[component], key=lambda each: each.statement)
        self.group = GroupCommit(lambda: database.async_connection(component), patience=brief.patience or PATIENCE)
        self.carrier = GroupCommit(
            lambda: database.async_connection(component, limits=long), patience=long.patience or PATIENCE
        )
        """Writes files, raw mails and erasures, so that nobody else waits for them."""

    def of(self, append: Append) -> GroupCommit:
        """The writer that an append goes through."""
        return self.carrier if append.heavy else self.group

    async def close(self) -> None:
        """Commit what waits, then stop."""
        await self.carrier.close()
        await self.group.close()


class PostgresEventStore:
    """Implements `application.ports.EventStore`. It belongs to the event loop that opened it."""

    def __init__(self, pool: AsyncPool, writers: Writers) -> None:
        self._pool, self.writers = pool, writers
        self.kept = KeptAggregates(MAPPER)
        """Long aggregates. They belong to this process; others keep their own."""

    async def load(self, id: UUID, *, until: int | None = None) -> Root | None:  # noqa: A002 - the library's own name
        if until is not None:  # an erasure may have come after it
            root: Root | None = None
            for event in await self._events(id, 0, until):
                root = MAPPER.to_domain_event(event).mutate(root)
            return root
        if (kept := self.kept.find(id)) is not None:
            tail = list(await self._events(id, kept.root.version - 1))
            if (root := self.kept.updated(kept, tail)) is not None:
                return root
        return self.kept.folded(list(await self._events(id, 0)))

    async def history(
        self,
        id: UUID,  # noqa: A002 - the library's own name
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        last: int | None = None,
    ) -> list[Entry]:
        found = self._events(id, after, until, limit) if last is None else self._last_events(id, last)
        return [
            Entry(MAPPER.to_domain_event(e), e.state, e.position or 0, e.recorded_at, e.db_role or "", e.disclosures)
            for e in await found
            if e.recorded_at is not None
        ]

    async def head(self, id: UUID) -> Head | None:  # noqa: A002 - the library's own name
        rows = await self.rows(_SQL["head"], (id,))
        return Head(*rows[0]) if rows else None

    async def append(self, roots: Sequence[Root], beside: Beside) -> int | None:
        events: list[Any] = [event for root in roots for event in root.collect_events()]
        if not events:
            return None
        began = tracing.now()
        append = Append([MAPPER.to_stored_event(event) for event in events], **vars(beside))
        positions = [position for position, _ in await self.writers.of(append).append(append)]
        if (here := tracing.current_trace_id()) is not None:
            recorded = zip(events, positions, strict=True)
            tracing.appended([Traced(here, at, each.TOPIC) for each, at in recorded if each.trace_id == here], began)
        return positions[-1]

    async def rows(self, query: bytes, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query as binary tuples. Raises OperationalError when the database is away."""
        try:
            async with self._pool.connection() as connection:
                cursor = connection.cursor(binary=True)
                await cursor.execute(query, values, prepare=True)
                return await cursor.fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise OperationalError(str(error)) from error
        except psycopg.Error as error:
            raise as_persistence_error(error) from error

    async def _events(
        self,
        id: UUID,  # noqa: A002 - the library's own name
        after: int,
        until: int | None = None,
        limit: int | None = None,
    ) -> Iterator[LedgerEvent]:
        wanted = {"id": id, "gt": after, "lte": _LAST if until is None else until, "limit": limit}
        return joined(await self.rows(_SQL["select_events" if limit is None else "select_first_events"], wanted))

    async def _last_events(self, id: UUID, limit: int) -> Iterable[LedgerEvent]:  # noqa: A002 - the library's own name
        wanted = {"id": id, "gt": 0, "lte": _LAST, "limit": limit}
        return reversed(list(joined(await self.rows(_SQL["select_last_events"], wanted))))


def joined(rows: Iterable[Any]) -> Iterator[LedgerEvent]:
    """One event a version; its disclosures come as rows of their own."""
    event: tuple[Any, ...] | None = None
    found: list[Disclosure] = []
    for row in rows:
        if event is None or row[:2] != event[:2]:
            if event is not None:
                yield _event(event, found)
            event, found = row[:7], []
        if row[7] is not None:
            found.append(Disclosure(row[7].hex(), row[10], DisclosureKind(row[9]), row[11], bytes(row[8])))
    if event is not None:
        yield _event(event, found)


def _event(row: tuple[Any, ...], disclosures: list[Disclosure]) -> LedgerEvent:
    stream, version, topic, state, position, recorded_at, db_role = row
    return LedgerEvent(stream, version, topic, bytes(state), tuple(disclosures), position, recorded_at, db_role)


@asynccontextmanager
async def open_event_store(
    database: Database, component: Component, *, size: int = 16
) -> AsyncIterator[PostgresEventStore]:
    """The event store of a process, with its pool and its writers, in the running event loop."""
    writers = Writers(database, component)
    try:
        async with database.async_pool(component, size=size, name="events") as pool:
            yield PostgresEventStore(pool, writers)
    finally:
        await writers.close()
