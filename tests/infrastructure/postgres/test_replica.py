"""Views are read on a replica while it is as far as its leader and along the same record, and on the leader otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from infrastructure.postgres import replica as replica_module
from infrastructure.postgres.maintenance.lost import lost_events
from infrastructure.postgres.replica import ReadingPool
from infrastructure.views.projector import Projector
from tests.application.cases import log
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase
from tests.infrastructure.postgres.standby import caught_up, standby


@pytest.fixture
def follower(server: str, database: TestDatabase) -> Iterator[TestDatabase]:
    """The test's database on a streaming replica."""
    with standby(server) as conninfo:
        yield replace(database, conninfo=conninfo)


@asynccontextmanager
async def reading(leader: TestDatabase, replica: TestDatabase) -> AsyncIterator[ReadingPool]:
    async with leader.async_pool("api", size=2) as leading, replica.async_pool("api", size=2) as following:
        yield ReadingPool(leading, following)


async def answered_by_replica(pool: ReadingPool) -> bool:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT pg_is_in_recovery()")
        return (await cursor.fetchone()) == (True,)


def project(database: TestDatabase) -> None:
    with database.connect("projector") as connection:
        Projector(connection).catch_up()


def order(database: TestDatabase, statement: str) -> None:
    """Have a server do something to its replication."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute(statement.encode())


def test_a_replica_answers_while_it_has_all_that_its_leader_would_show(
    desk: BlockingDesk, database: TestDatabase, follower: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "_MOST_LOOKS", 3)
    monkeypatch.setattr(replica_module, "_AWAY", 0.0)

    async def ask() -> None:
        async with reading(database, follower) as pool:
            log(desk)
            project(database)
            caught_up(database.conninfo, follower.conninfo)
            assert await answered_by_replica(pool)
            order(follower, "SELECT pg_wal_replay_pause()")
            log(desk)
            assert await answered_by_replica(pool)  # the views of the leader do not show it either
            project(database)
            assert not await answered_by_replica(pool)
            order(follower, "SELECT pg_wal_replay_resume()")
            caught_up(database.conninfo, follower.conninfo)
            assert await answered_by_replica(pool)
        async with reading(database, replace(follower, conninfo=f"{follower.conninfo} port=1")) as pool:
            assert not await answered_by_replica(pool)

    asyncio.run(ask())


def test_after_a_failover_that_lost_events_the_old_leader_is_not_read_from_and_names_them(
    desk: BlockingDesk, database: TestDatabase, follower: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`database` was the leader, and `follower` leads now."""
    monkeypatch.setattr(replica_module, "_AWAY", 0.0)
    kept = log(desk)
    project(database)
    caught_up(database.conninfo, follower.conninfo)
    order(follower, "SELECT pg_promote()")
    with database.connect("auditor") as old, follower.connect("auditor") as new:
        assert lost_events(new, old) == []
    lost = [log(desk), log(desk)]
    project(database)
    with open_desk(follower) as other:
        instead = [log(other) for _ in range(3)]
    project(follower)
    with database.connect("auditor") as old, follower.connect("auditor") as new:
        found = lost_events(new, old)
        assert [each.number for each in found if each.topic == "case.logged"] == lost
        assert {each.by for each in found} == {"a.ortiz"}
        assert [each.number for each in lost_events(old, new) if each.topic == "case.logged"] == instead
    assert kept not in (*lost, *instead)

    async def ask() -> None:
        async with reading(follower, database) as pool, pool.connection() as connection:
            row = await (await connection.execute("SELECT count(*) FROM views.open_cases")).fetchone()
            assert row == (len([kept, *instead]),)

    asyncio.run(ask())
