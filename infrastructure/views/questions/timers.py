"""The durable timers, read from the views of cases and mails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg_pool import ConnectionPool

from infrastructure.postgres.queries import load

_SQL = load("timers", "infrastructure.views.questions")


class PostgresTimers:
    """Implements `application.views.timers.Timers`."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        self._pool = pool

    def due_closures(self, now: datetime, limit: int) -> Sequence[tuple[str, int]]:
        return [(number, resolution) for number, resolution in self._rows("due_closures", now, limit)]

    def due_messages(self, now: datetime, limit: int) -> Sequence[UUID]:
        return [message for (message,) in self._rows("due_messages", now, limit)]

    def next_due(self) -> datetime | None:
        moment: datetime | None = self._rows("next_due")[0][0]
        return moment

    def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(_SQL[name], values, prepare=True).fetchall()
