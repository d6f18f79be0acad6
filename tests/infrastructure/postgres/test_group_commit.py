"""The writer of a process lives on whatever fails, and nobody waits for it without end."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import OperationalError, PersistenceError

from infrastructure.postgres.append import Append
from infrastructure.postgres.group_commit import GroupCommit
from infrastructure.postgres.stored_event import LedgerEvent
from tests.conftest import TestDatabase

THE_LOCK = "SELECT pg_advisory_lock(4850712369)"
PATIENCE = 0.5


def append() -> Append:
    return Append([LedgerEvent(uuid4(), 1, "case.noted", b"{}")])


@pytest.fixture
def writer(database: TestDatabase) -> Iterator[GroupCommit]:
    made = GroupCommit(lambda: database.connect("api"))
    yield made
    made.close()


@pytest.fixture
def impatient(database: TestDatabase) -> Iterator[GroupCommit]:
    made = GroupCommit(lambda: database.connect("api"), patience=PATIENCE)
    yield made
    made.close()


def test_a_second_disconnect_while_an_answer_is_looked_up_ends_nobody(
    writer: GroupCommit, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, and the connection breaks again while the writer looks whether the events are there."""
    mine = append()
    ((position, _),) = writer.append(mine)
    again, look, broken = Append(mine.events, in_doubt=True), writer._committed_before, list[Append]()

    def look_on_a_broken_connection(doubtful: Append) -> Any:
        if not broken:
            broken.append(doubtful)
            with psycopg.connect(database.superuser, autocommit=True) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                    (database.name,),
                )
        return look(doubtful)

    monkeypatch.setattr(writer, "_committed_before", look_on_a_broken_connection)
    assert [at for at, _ in writer.append(again)] == [position]
    assert broken == [again]
    assert writer.append(append())


def test_the_writer_answers_and_lives_on_whatever_fails(writer: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as broken:
        broken.setattr(writer, "_commit", fail)
        with pytest.raises(PersistenceError, match="nobody thought of this"):
            writer.append(append())
    assert writer.append(append())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_whose_thread_ended_is_started_again(impatient: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(impatient, "_commit", lambda _: sys.exit())
        with pytest.raises(OperationalError, match="not known"):
            impatient.append(append())
    assert impatient.append(append())


def test_what_is_given_up_in_the_queue_is_never_written(impatient: GroupCommit, database: TestDatabase) -> None:
    """Somebody holds the lock of all appends: one command is on its way, the other waits behind it."""
    sent, queued = append(), append()
    with psycopg.connect(database.superuser, autocommit=True) as other, ThreadPoolExecutor(2) as clients:
        other.execute(THE_LOCK)
        first = clients.submit(impatient.append, sent)
        while not sent.in_flight:
            os.sched_yield()
        second = clients.submit(impatient.append, queued)
        with pytest.raises(OperationalError, match="not known"):
            first.result(30)
        with pytest.raises(OperationalError, match="nothing was recorded"):
            second.result(30)
    assert [position for position, _ in impatient.append(append())] == [2], "after the one that was sent"


# the same, awaited


def test_coroutines_of_two_event_loops_share_a_commit_and_each_gets_its_own_answer(
    writer: GroupCommit, database: TestDatabase
) -> None:
    async def several(begun: threading.Event) -> list[int]:
        tasks = [asyncio.create_task(writer.append_soon(append())) for _ in range(8)]
        await asyncio.sleep(0)  # all of them wait
        begun.set()
        return [position for task in tasks for position, _ in await task]

    def run(begun: threading.Event) -> list[int]:
        return asyncio.run(several(begun))

    with psycopg.connect(database.superuser, autocommit=True) as other, ThreadPoolExecutor(2) as loops:
        other.execute(THE_LOCK)
        begun = [threading.Event(), threading.Event()]
        results = [loops.submit(run, each) for each in begun]
        assert all(each.wait(30) for each in begun)
        other.execute("SELECT pg_advisory_unlock_all()")
        positions = [result.result(30) for result in results]
    assert sorted(position for each in positions for position in each) == list(range(1, 17))
    assert writer.commits <= 3, "what waited for the lock was committed together"


def test_a_cancelled_coroutine_takes_back_what_is_not_on_its_way(writer: GroupCommit, database: TestDatabase) -> None:
    async def cancelled() -> None:
        with psycopg.connect(database.superuser, autocommit=True) as other:
            other.execute(THE_LOCK)
            sent, queued = append(), append()
            first = asyncio.create_task(writer.append_soon(sent))
            while not sent.in_flight:  # noqa: ASYNC110 - the writer's thread sets it
                await asyncio.sleep(0.001)
            second = asyncio.create_task(writer.append_soon(queued))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            other.execute("SELECT pg_advisory_unlock_all()")
            assert await first
            assert not queued.finished

    asyncio.run(cancelled())
    assert [position for position, _ in writer.append(append())] == [2]


def test_a_coroutine_whose_answer_does_not_come_in_time_is_told_what_is_known(
    impatient: GroupCommit, database: TestDatabase
) -> None:
    async def wait_in_vain() -> None:
        sent, queued = append(), append()
        first = asyncio.create_task(impatient.append_soon(sent))
        while not sent.in_flight:  # noqa: ASYNC110 - the writer's thread sets it
            await asyncio.sleep(0.001)
        second = asyncio.create_task(impatient.append_soon(queued))
        with pytest.raises(OperationalError, match="not known"):
            await first
        with pytest.raises(OperationalError, match="nothing was recorded"):
            await second

    with psycopg.connect(database.superuser, autocommit=True) as other:
        other.execute(THE_LOCK)
        asyncio.run(wait_in_vain())


def test_an_event_loop_that_has_ended_stops_nobody(writer: GroupCommit, database: TestDatabase) -> None:
    async def leave(begun: Append) -> None:
        task = asyncio.create_task(writer.append_soon(begun))
        while not begun.in_flight:  # noqa: ASYNC110 - the writer's thread sets it
            await asyncio.sleep(0.001)
        task.cancel()

    with psycopg.connect(database.superuser, autocommit=True) as other:
        other.execute(THE_LOCK)
        asyncio.run(leave(append()))
        other.execute("SELECT pg_advisory_unlock_all()")
    assert [position for position, _ in writer.append(append())] == [2], "it was on its way"
