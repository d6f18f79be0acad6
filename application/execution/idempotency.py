"""Idempotency keys: a repeated request runs its command once (http.md, Idempotency)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from eventsourcing.persistence import OperationalError, PersistenceError

from application.execution.requests import (
    ApplicationError,
    Committed,
    Idempotency,
    KeyInProgress,
    KeyReused,
    Request,
)
from application.ports import EventStore, KeyTaken, Register
from domain.errors import DomainError

_PATIENCE = 8.0
"""Seconds that a repetition waits for the answer to the first request."""


class Keys:
    """The keys in progress in this process. The store keeps answered keys, committed with their events."""

    def __init__(self, store: EventStore, register: Register) -> None:
        self._store, self._register = store, register
        self._working: dict[bytes, asyncio.Event] = {}

    async def once(
        self, request: Request, run: Callable[[], Awaitable[Committed]], *, fresh: bool = False
    ) -> Committed:
        """Run a command, or return its earlier answer. Raises KeyReused, KeyInProgress, and what the command raises.

        A ``fresh`` command, such as logging a case, skips the look-up of the key: no earlier run can conflict with it
        except by the key, and the commit refuses a key that is taken.
        """
        key = request.idempotency
        if key is None:
            return await run()
        done = await self._enter(key)
        try:
            if not fresh and (before := await self._answered(key)) is not None:
                return before
            try:
                return await run()
            except OperationalError:
                raise  # an unreachable store cannot return the earlier answer
            except (KeyTaken, DomainError, ApplicationError, PersistenceError):
                # Another process may have run it since the look-up. Its answer then counts.
                if (before := await self._answered(key)) is not None:
                    return before
                raise
        finally:
            del self._working[key.key]
            done.set()

    async def _enter(self, key: Idempotency) -> asyncio.Event:
        if key.key in self._working:
            await self._first_ended(key)
        return self._working.setdefault(key.key, asyncio.Event())

    async def _first_ended(self, key: Idempotency) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                while (first := self._working.get(key.key)) is not None:
                    await first.wait()
        except TimeoutError:
            raise KeyInProgress("The first request with this key is still in progress.") from None

    async def _answered(self, key: Idempotency) -> Committed | None:
        kept = await self._register.answer(key.key)
        if kept is None:
            return None
        if kept.request != key.request:
            raise KeyReused("Another request used this key.")
        root = await self._store.load(kept.originator_id, until=kept.version)
        assert root is not None
        return Committed(root, kept.position, replayed=True)
