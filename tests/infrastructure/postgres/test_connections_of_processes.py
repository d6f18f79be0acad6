"""How many connections the processes of a desk take at most: more than the server has lock others out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, ClassVar

from api.main import OF_WORKER, open_desk
from api.serving import open_context
from infrastructure.postgres.connections import AsyncPool, Pool
from infrastructure.postgres.embedded.server import SETTINGS as SERVER
from infrastructure.settings import Settings
from tests.conftest import TestDatabase

WRITERS, LISTENER = 2, 1
BESIDE_THE_DESK = 14
"""Pools, turn, pulse and feed of the worker that takes most: webhooks."""
WORKERS = 7


class Counting(TestDatabase):
    """Counts the connections that pools may take."""

    taken: ClassVar[list[int]] = []

    def async_pool(self, *given: Any, size: int, **named: Any) -> AsyncPool:
        self.taken.append(size)
        return super().async_pool(*given, size=size, **named)

    def pool(self, *given: Any, size: int, **named: Any) -> Pool:
        self.taken.append(size)
        return super().pool(*given, size=size, **named)


def test_two_api_processes_and_the_workers_fit_into_the_embedded_server(database: TestDatabase, tmp_path: Path) -> None:
    counting = Counting(database.conninfo, embedded=True, name=database.name)

    async def count() -> tuple[int, int]:
        Counting.taken.clear()
        async with open_context(Settings(data_dir=tmp_path), counting):
            api = sum(Counting.taken) + WRITERS + LISTENER
        Counting.taken.clear()
        async with open_desk(counting, component="mail", connections=OF_WORKER):
            return api, sum(Counting.taken) + WRITERS

    api, desk_of_worker = asyncio.run(count())
    assert api == 51, "as docs/kubernetes.md says"
    assert 2 * api + WORKERS * desk_of_worker + BESIDE_THE_DESK + 2 * WORKERS < int(SERVER["max_connections"])
