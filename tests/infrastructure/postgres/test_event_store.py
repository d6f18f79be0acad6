"""The event store as the application uses it: aggregates folded from their streams, appends all or none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from application.ports import Beside
from domain.case import Case
from domain.problem import Problem
from infrastructure.postgres.event_store import PostgresEventStore, open_event_store
from infrastructure.postgres.register import PostgresRegister
from tests.conftest import TestDatabase
from tests.domain.cases import at, logged

Use = Callable[[PostgresEventStore], Awaitable[None]]


def on_store(database: TestDatabase, use: Use) -> None:
    async def run() -> None:
        async with open_event_store(database, "api", size=2) as store:
            await use(store)

    asyncio.run(run())


def test_an_aggregate_reads_as_it_was_committed_and_at_each_version(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        case = logged()
        case.triage("desk", at(1))
        assert await store.append([case], Beside(numbers=[(case.number, case.id)])) == 2
        now, before = await store.load(case.id), await store.load(case.id, until=1)
        assert isinstance(now, Case)
        assert isinstance(before, Case)
        assert (now.version, now.status, before.version, before.status) == (2, case.status, 1, "logged")
        assert [entry.position for entry in await store.history(case.id)] == [1, 2]
        assert [entry.position for entry in await store.history(case.id, after=1)] == [2]
        assert await PostgresRegister(store).find(case.number) == case.id

    on_store(database, use)


def test_what_was_never_recorded_is_none_and_what_changes_nothing_has_no_position(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        assert await store.load(uuid4()) is None
        assert await store.append([logged()], Beside()) == 1
        assert await store.append([], Beside()) is None

    on_store(database, use)


def test_several_aggregates_are_committed_all_or_none(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        case = logged()
        await store.append([case], Beside())
        stale = await store.load(case.id)
        assert isinstance(stale, Case)
        case.triage("desk", at(1))
        await store.append([case], Beside())
        stale.triage("desk", at(2))
        problem = Problem.open_for(uuid4(), "PRB-0000001", None, None, None, at(2))
        with pytest.raises(IntegrityError):
            await store.append([problem, stale], Beside())
        assert await store.load(problem.id) is None

    on_store(database, use)


def test_a_decision_is_refused_once_what_it_was_decided_on_has_changed(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        case = logged()
        await store.append([case], Beside())
        case.triage("desk", at(1))
        fresh, late, beside = (Problem.open_for(uuid4(), f"PRB-{n}", None, None, None, at(2)) for n in range(3))
        await store.append([fresh], Beside(read=[(case.id, 1)]))
        with pytest.raises(IntegrityError):  # both wait for one commit, and the case goes first
            await asyncio.gather(store.append([case], Beside()), store.append([beside], Beside(read=[(case.id, 1)])))
        with pytest.raises(IntegrityError):
            await store.append([late], Beside(read=[(case.id, 1)]))
        assert [await store.load(each.id) is not None for each in (fresh, late, beside)] == [True, False, False]

    on_store(database, use)


def test_numbers_drawn_at_once_are_all_different(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        register = PostgresRegister(store)
        drawn = await asyncio.gather(*(register.next_case_number() for _ in range(50)))
        assert len(set(drawn)) == 50

    on_store(database, use)


def test_a_database_that_is_away_is_said_so(database: TestDatabase) -> None:
    async def use(store: PostgresEventStore) -> None:
        await store._pool.close()
        with pytest.raises(OperationalError):
            await store.load(uuid4())

    on_store(database, use)
