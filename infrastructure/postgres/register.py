"""Numbers, kept answers and pseudonyms: what a command looks up before it acts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection
from typing import Any
from uuid import UUID

from eventsourcing.persistence import OperationalError

from application.ports import Disclosed, KeptAnswer
from domain.aggregate import Recorded
from domain.values import DisclosureKind
from infrastructure.postgres.event_store import MAPPER, PostgresEventStore, joined
from infrastructure.postgres.queries import load

_SQL = load("register")
_BLOCK = 50
"""Case numbers drawn at a time. What a stopped process had left over is a gap (R-4.2b allows gaps)."""
_PATIENCE = 8.0
"""Seconds to wait for another command that draws numbers."""
_REMEMBERED = 100_000
_PIECE = 1_048_576
"""Bytes of a file that are in memory at a time, however slowly its reader takes them."""


class PostgresRegister:
    """Implements `application.ports.Register` on the event store's own pool."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self._drawn: deque[int] = deque()
        self._drawing = asyncio.Lock()
        self._found: dict[str, UUID] = {}
        self._key: bytes | None = None

    async def find(self, number: str) -> UUID | None:
        """The aggregate behind a number. It never changes, so it is remembered."""
        if (known := self._found.get(number)) is not None:
            return known
        row = await self._one("find", number)
        if row is None:
            return None
        if len(self._found) >= _REMEMBERED:
            self._found.clear()
        self._found[number] = row[0]
        return self._found[number]

    async def any_case(self) -> bool:
        return await self._one("any_case") is not None

    async def existing(self, ids: Collection[UUID]) -> set[UUID]:
        return {row[0] for row in await self._store.rows(_SQL["existing"], (list(ids),))}

    async def reference_events(self, after: int) -> list[tuple[int, Recorded]]:
        events = joined(await self._store.rows(_SQL["reference_events"], (after,)))
        return [(event.position or 0, MAPPER.to_domain_event(event)) for event in events]

    async def latest(self, ids: Collection[UUID]) -> list[Recorded]:
        rows = await self._store.rows(_SQL["latest"], (list(ids),))
        return [MAPPER.to_domain_event(event) for event in joined(rows)]

    async def approvals(self) -> list[UUID]:
        return [row[0] for row in await self._store.rows(_SQL["approvals"])]

    async def next_case_number(self) -> str:
        if not self._drawn:
            await self._draw()
        return f"INC-{self._drawn.popleft():07d}"

    async def _draw(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE), self._drawing:
                if not self._drawn:
                    rows = await self._store.rows(_SQL["next_case_numbers"], (_BLOCK,))
                    self._drawn.extend(number for (number,) in rows)
        except TimeoutError:
            raise OperationalError("no case number can be drawn in time") from None

    async def next_problem_number(self) -> str:
        row = await self._one("next_problem_number")
        assert row is not None
        return f"PRB-{row[0]:07d}"

    async def answer(self, key: bytes) -> KeptAnswer | None:
        row = await self._one("answer", key)
        return None if row is None else KeptAnswer(*row)

    async def pseudonym_key(self) -> bytes:
        if self._key is None:
            row = await self._one("pseudonym_key")
            assert row is not None
            self._key = bytes(row[0])
        return self._key

    async def disclosed(self, subject: str) -> list[Disclosed]:
        rows = await self._store.rows(_SQL["disclosed"], (subject,))
        return [Disclosed(stream, aggregate, DisclosureKind(kind), count) for stream, aggregate, kind, count in rows]

    async def begun(self, subject: str, topic: str, since: UUID) -> list[UUID]:
        return [row[0] for row in reversed(await self._store.rows(_SQL["begun"], (subject, since, topic)))]

    async def content(self, id: UUID, version: int, digest: str) -> AsyncIterator[bytes]:  # noqa: A002
        start = 1
        while piece := await self._one("content", start, _PIECE, id, version, bytes.fromhex(digest)):
            yield bytes(piece[0])
            if len(piece[0]) < _PIECE:
                return
            start += _PIECE

    async def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        return next(iter(await self._store.rows(_SQL[query], values)), None)
