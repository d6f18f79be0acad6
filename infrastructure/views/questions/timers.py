"""The durable timers, read from the views of cases, targets and mails."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.case.terms import PendingReason
from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.queries import load

_SQL = load("timers", "infrastructure.views.questions")


class PostgresTimers:
    """Implements `application.views.timers.Timers`."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool

    async def due_closures(self, now: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Number and resolution (its version) of cases whose dispute window has ended, oldest first."""
        return [(number, resolution) for number, resolution in await self._rows("due_closures", now, limit)]

    async def due_targets(self, now: datetime, pausing: Collection[str], limit: int) -> Sequence[str]:
        """Cases with a warning or a breach to record, oldest first. The reasons in ``pausing`` stop the clock."""
        return list(
            dict.fromkeys(number for (number,) in await self._rows("due_targets", running(pausing), now, limit))
        )

    async def due_messages(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Mails to be sent, oldest first."""
        return [message for (message,) in await self._rows("due_messages", now, limit)]

    async def next_due(self, pausing: Collection[str]) -> datetime | None:
        """When the next closure, target or mail is due; None when nothing is."""
        moment: datetime | None = (await self._rows("next_due", running(pausing)))[0][0]
        return moment

    async def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(_SQL[name], values, prepare=True)
            return await cursor.fetchall()


def running(pausing: Collection[str]) -> list[str]:
    """What a case may wait for while its clock runs: nothing, or a reason that does not stop it."""
    return ["", *(reason.value for reason in PendingReason if reason not in pausing)]
