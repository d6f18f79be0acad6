"""The lanes of webhooks in PostgreSQL: where each delivery is, and the attempts so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from application.processes.webhook_lanes import LIVE, Lane, Reply, Stretch
from application.processes.webhook_message import OutgoingEvent
from domain.readers.webhook import ListedWebhook
from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.feed import feed_item
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.leaf import leaf_record
from infrastructure.transparency.formats.merkle import leaf_hash

_SQL = load("lanes", "infrastructure.webhooks")
_WINDOW = 20_000
"""Positions that one statement looks through for events of the wanted topics."""
_SLICE = 5_000
"""Attempts deleted at a time."""


class PostgresLanes:
    """Implements `application.processes.webhook_lanes.Lanes`."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool

    async def open(self, webhooks: Sequence[ListedWebhook]) -> list[Lane]:
        wanted = [row for webhook in webhooks for row in _wanted(webhook)]
        codes, streams, lanes, firsts, lasts = map(list, zip(*wanted, strict=True)) if wanted else ([],) * 5
        values = {"webhooks": codes, "streams": streams, "lanes": lanes, "firsts": firsts, "lasts": lasts}
        async with self._pool.connection() as connection:
            await connection.execute(_SQL["open"], values)
            rows = await (await connection.execute(_SQL["lanes"], (codes,))).fetchall()
        return [Lane(*row) for row in rows]

    async def read(self, lane: Lane, topics: Sequence[str], limit: int) -> Stretch:
        async with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            # Positions are the order of commits: whatever is up to the head now will not change.
            head = (await (await cursor.execute(_SQL["head"])).fetchone() or (0,))[0]
            until = min(head, lane.position + _WINDOW, head if lane.until is None else lane.until)
            values = {
                "after": lane.position,
                "until": until,
                "topics": [topic for topic in topics if not topic.endswith("*")],
                "beginnings": [topic[:-1] for topic in topics if topic.endswith("*")],
                "limit": limit,
            }
            rows = await (await cursor.execute(_SQL["events"], values, prepare=True)).fetchall()
        events = [_event(*row) for row in rows]
        return Stretch(events, events[-1].position if len(events) == limit else max(until, lane.position))

    async def keep(self, lane: Lane) -> None:
        await self._run("keep", **_place(lane))

    async def attempted(self, lane: Lane, event: OutgoingEvent, attempt: int, at: datetime, reply: Reply) -> None:
        await self._run(
            "attempted",
            **_place(lane),
            at_position=event.position,
            topic=event.topic,
            message=event.id,
            attempt=attempt,
            attempted_at=at,
            milliseconds=reply.milliseconds,
            status=reply.status,
            error=reply.error,
            accepted=reply.is_accepted,
        )

    async def stand(self, webhook: str, pause: str | None) -> None:
        await self._run("stand", webhook=webhook, pause=pause)

    async def prune(self, before: datetime) -> None:
        async with self._pool.connection() as connection:
            while (await connection.execute(_SQL["prune"], (before, _SLICE))).rowcount == _SLICE:
                pass

    async def _run(self, statement: str, **values: Any) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_SQL[statement], values)


def _wanted(webhook: ListedWebhook) -> list[tuple[Any, ...]]:
    """The lanes that a webhook has: code, stream, number, first and last position."""
    code = webhook.entry.id
    orders = [(code, webhook.id, number, *(order or (None, None))) for number, order in webhook.orders.items()]
    return [(code, webhook.id, LIVE, None, None), *orders]


def _place(lane: Lane) -> dict[str, Any]:
    return {
        "webhook": lane.webhook,
        "lane": lane.number,
        "position": lane.position,
        "failures": lane.failures,
        "due_at": lane.due_at,
        "version": lane.version,
    }


def _event(
    position: int,
    stream: Any,
    version: int,
    topic: str,
    state: bytes,
    recorded_at: datetime,
    db_role: str,
    number: str | None,
    leaf_index: int,
) -> OutgoingEvent:
    at = f"{recorded_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    leaf = leaf_record(position, str(stream), version, topic, sha256(state).digest(), at, db_role)
    item = feed_item(position, stream, version, topic, state, recorded_at, db_role, number)
    return OutgoingEvent(position, topic, recorded_at, leaf_hash(leaf), leaf_index, item.document)
