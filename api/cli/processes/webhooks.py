"""The worker that delivers events to webhooks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import SystemRandom

from api.cli.processes.worker_process import keep
from api.main import OF_WORKER, clock_of, open_desk, webhook_secrets_of
from application.processes.webhook_delivery import Deliveries
from application.processes.webhook_lanes import Rules
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.feed import open_feed
from infrastructure.postgres.workers.operations import Pulse
from infrastructure.postgres.workers.turns import Turn
from infrastructure.settings import Settings, retry_pauses
from infrastructure.webhooks.carrier import open_carrier
from infrastructure.webhooks.lanes import PostgresLanes
from infrastructure.webhooks.networks import parse_networks

ROLE: Component = "processes"
_LOOK = 0.2
"""Seconds between two looks at whether a lane needs a task."""


def deliver(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Deliver events to webhooks until told to stop."""

    def run() -> None:
        with database.connect(ROLE) as connection:
            turn = Turn(connection, "webhooks")
            turn.take(stop)
            if not stop.is_set():
                asyncio.run(_deliver(settings, database, stop, pulse, turn))

    keep(pulse, stop, run)


async def deliver_once(settings: Settings, database: Database) -> None:
    """Deliver what is due now, unless another worker has the turn."""
    with database.connect(ROLE) as connection:
        if Turn(connection, "webhooks").is_free():
            async with open_deliveries(settings, database) as deliveries:
                await deliveries.deliver_due()


async def _deliver(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse, turn: Turn) -> None:
    async with open_deliveries(settings, database) as deliveries:
        try:
            while not stop.is_set():
                await asyncio.to_thread(pulse.beat)
                await deliveries.tend()
                await asyncio.to_thread(turn.wait, _LOOK)
        finally:
            await deliveries.finish()


@asynccontextmanager
async def open_deliveries(settings: Settings, database: Database) -> AsyncIterator[Deliveries]:
    """The deliveries with a desk, a feed and an HTTP client of their own."""
    rules = Rules(
        settings.public_url.rstrip("/"),
        retry_pauses(settings.webhook_retries),
        timedelta(days=settings.webhook_log_days),
    )
    networks, chance = parse_networks(settings.webhook_networks), SystemRandom()
    async with (
        database.async_pool(ROLE, size=8) as pool,
        open_desk(database, clock_of(settings), component=ROLE, connections=OF_WORKER) as desk,
        open_feed(database, desk.references, ROLE) as feed,
        open_carrier(networks, settings.webhook_timeout, settings.webhook_ca_file) as carrier,
    ):
        yield Deliveries(
            desk,
            feed,
            PostgresLanes(pool),
            carrier,
            webhook_secrets_of(settings),
            rules,
            lambda: chance.uniform(0.9, 1.1),
        )
