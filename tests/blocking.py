"""The desk for tests that are no coroutines: each call runs to its end in an event loop of its own thread."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from inspect import isawaitable
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from api import main
from application.desk import Desk
from application.execution.attempt import Attempt
from application.execution.requests import Request
from application.ports import Beside
from domain.aggregate import Root
from domain.clock import Clock
from domain.values import Channel
from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.queries import load
from infrastructure.postgres.stored_event import LedgerNotification

_SQL = load("recorder")


class BlockingDesk:
    """A desk, or a part of one, whose coroutines a test calls like functions, from any thread."""

    def __init__(self, portal: BlockingPortal, target: Any) -> None:
        self.portal, self.target = portal, target

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.target, name)
        if callable(found) and hasattr(found, "__func__"):
            return lambda *given, **named: self.portal.call(partial(_ended, found, *given, **named))
        is_part = type(found).__module__.startswith(("application.", "infrastructure.")) and not isinstance(found, type)
        return BlockingDesk(self.portal, found) if is_part else found

    @property
    def position(self) -> int:
        """Position of the last event on the record; 0 without any."""
        rows = self.portal.call(self.target.runner.store.rows, b"SELECT max(notification_id) FROM ledger.stored_events")
        return rows[0][0] or 0

    def recorded(self, after: int, until: int | None = None) -> list[LedgerNotification]:
        """The events on the record after a position, in order."""
        wanted = {"start": after + 1, "stop": until or 2**62, "limit": 10_000}
        rows = self.portal.call(self.target.runner.store.rows, _SQL["select_notifications"], wanted)
        return [LedgerNotification(row[1], row[2], row[3], row[4], row[0], *row[5:]) for row in rows]

    def attempt(self, request: Request, ago: timedelta = timedelta(), channel: Channel | None = None) -> Attempt:
        """What a decision of a test is made under."""
        reference, at = self.references.current(), self.clock.now() - ago
        return Attempt(request, reference, at, self.clock.simulated, secrets.token_bytes, channel=channel)

    def save(self, *roots: Root) -> None:
        """Put aggregates on the record as they are, past the services."""
        numbers = [(root.number, root.id) for root in roots if root.is_new and root.NUMBERED]
        self.portal.call(self.target.runner.store.append, roots, Beside(numbers=numbers))

    @contextmanager
    def on_pool(
        self, database: Database, component: Component, make: Callable[[AsyncPool], Any], *, size: int = 1
    ) -> Iterator[Any]:
        """What is made on an asynchronous pool, in the event loop of this desk."""
        with self.portal.wrap_async_context_manager(database.async_pool(component, size=size)) as pool:
            yield BlockingDesk(self.portal, make(pool))

    def run(self, work: Any, *given: Any, **named: Any) -> Any:
        """Run a coroutine function on the desk itself, in its event loop."""
        return self.portal.call(partial(_ended, work, self.target, *given, **named))


async def _ended(work: Any, *given: Any, **named: Any) -> Any:
    result = work(*map(_itself, given), **{name: _itself(value) for name, value in named.items()})
    if isinstance(result, AsyncIterator):
        return [each async for each in result]
    return await result if isawaitable(result) else result


def _itself(value: Any) -> Any:
    return value.target if isinstance(value, BlockingDesk) else value


def because(request: Request, reason: str | None) -> Request:
    """The same request, with a reason."""
    return replace(request, reason=reason)


@contextmanager
def open_desk(
    database: Database, clock: Clock | None = None, *, component: Component = "api", **given: Any
) -> Iterator[BlockingDesk]:
    """A desk on a database, with an event loop of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(main.open_desk(database, clock, component=component, **given)) as desk,
    ):
        assert isinstance(desk, Desk)
        yield BlockingDesk(portal, desk)


@contextmanager
def on_pool(
    database: Database, component: Component, make: Callable[[AsyncPool], Any], *, size: int = 1
) -> Iterator[Any]:
    """What is made on an asynchronous pool, for a test that is no coroutine."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(database.async_pool(component, size=size)) as pool,
    ):
        yield BlockingDesk(portal, make(pool))
