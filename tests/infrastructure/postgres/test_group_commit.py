"""The writer of a process lives on whatever fails, and nobody waits for it without end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import OperationalError, PersistenceError

from infrastructure.postgres.append import PATIENCE, Append
from infrastructure.postgres.group_commit import GroupCommit
from infrastructure.postgres.stored_event import LedgerEvent
from tests.conftest import TestDatabase

IMPATIENT = 0.5
Scenario = Callable[[GroupCommit], Awaitable[None]]


def append() -> Append:
    return Append([LedgerEvent(uuid4(), 1, "case.noted", b"{}")])


def on_writer(database: TestDatabase, scenario: Scenario, *, patience: float = PATIENCE) -> None:
    async def run() -> None:
        writer = GroupCommit(lambda: database.async_connection("api"), patience=patience)
        try:
            await scenario(writer)
        finally:
            await writer.close()

    asyncio.run(run())


@contextmanager
def all_appends_locked(database: TestDatabase) -> Iterator[Callable[[], object]]:
    """Somebody holds the lock of all appends. Yields what frees it."""
    with psycopg.connect(database.superuser, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(4850712369)")
        yield lambda: other.execute("SELECT pg_advisory_unlock_all()")


async def sent(writer: GroupCommit) -> tuple[Append, asyncio.Task[Any]]:
    """A command that is on its way to the database."""
    made = append()
    task = asyncio.create_task(writer.append(made))
    while not made.in_flight:  # noqa: ASYNC110 - the writer sets it
        await asyncio.sleep(0)
    return made, task


def test_a_second_disconnect_while_an_answer_is_looked_up_ends_nobody(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, and the connection breaks again while the writer looks whether the events are there."""

    async def scenario(writer: GroupCommit) -> None:
        mine = append()
        ((position, _),) = await writer.append(mine)
        again, look, broken = Append(mine.events, in_doubt=True), writer._committed_before, list[Append]()

        async def look_on_a_broken_connection(doubtful: Append) -> Any:
            if not broken:
                broken.append(doubtful)
                with psycopg.connect(database.superuser, autocommit=True) as superuser:
                    superuser.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = %s AND pid <> pg_backend_pid()",
                        (database.name,),
                    )
            return await look(doubtful)

        monkeypatch.setattr(writer, "_committed_before", look_on_a_broken_connection)
        assert [at for at, _ in await writer.append(again)] == [position]
        assert broken == [again]
        assert await writer.append(append())

    on_writer(database, scenario)


def test_the_writer_answers_and_lives_on_whatever_fails(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("nobody thought of this")

    async def scenario(writer: GroupCommit) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(writer, "_commit", fail)
            with pytest.raises(PersistenceError, match="nobody thought of this"):
                await writer.append(append())
        assert await writer.append(append())

    on_writer(database, scenario)


def test_a_writer_that_was_ended_is_started_again(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(_: object) -> None:
        raise asyncio.CancelledError

    async def scenario(writer: GroupCommit) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(writer, "_commit", end)
            with pytest.raises(OperationalError, match="not known"):
                await writer.append(append())
        assert await writer.append(append())

    on_writer(database, scenario, patience=IMPATIENT)


def test_what_is_given_up_in_the_queue_is_never_written(database: TestDatabase) -> None:
    """One command is on its way, the other waits behind it. Each is told what is known."""

    async def scenario(writer: GroupCommit) -> None:
        with all_appends_locked(database):
            _, first = await sent(writer)
            second = asyncio.create_task(writer.append(append()))
            with pytest.raises(OperationalError, match="not known"):
                await first
            with pytest.raises(OperationalError, match="nothing was recorded"):
                await second
        assert [position for position, _ in await writer.append(append())] == [2], "after the one that was sent"

    on_writer(database, scenario, patience=IMPATIENT)


def test_what_waits_meanwhile_is_committed_together_and_each_gets_its_own_answer(database: TestDatabase) -> None:
    async def scenario(writer: GroupCommit) -> None:
        with all_appends_locked(database) as free:
            _, first = await sent(writer)
            others = [asyncio.create_task(writer.append(append())) for _ in range(15)]
            await asyncio.sleep(0)  # all of them wait
            free()
            answers = [await task for task in (first, *others)]
        assert [position for answer in answers for position, _ in answer] == list(range(1, 17))
        assert writer.commits == 2

    on_writer(database, scenario)


def test_where_several_come_at_once_the_next_ones_are_waited_for_and_one_alone_waits_for_nobody(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(writer: GroupCommit) -> None:
        moments, later = list[float](), list[asyncio.Task[Any]]()
        wait = asyncio.sleep

        async def moment(seconds: float) -> None:
            moments.append(seconds)
            if len(moments) < 3:  # each moment brings one more
                later.append(asyncio.create_task(writer.append(append())))
            await wait(0)

        monkeypatch.setattr(asyncio, "sleep", moment)
        await writer.append(append())
        assert moments == []
        await asyncio.gather(writer.append(append()), writer.append(append()))
        assert (writer.commits, moments) == (2, [])
        await writer.append(append())
        assert (writer.commits, len(moments), len(later)) == (3, 3, 2)
        assert all([await task for task in later])

    on_writer(database, scenario)


def test_a_cancelled_command_takes_back_what_is_not_on_its_way(database: TestDatabase) -> None:
    async def scenario(writer: GroupCommit) -> None:
        with all_appends_locked(database) as free:
            _, first = await sent(writer)
            queued = append()
            second = asyncio.create_task(writer.append(queued))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            free()
            assert await first
            assert not queued.finished
        assert [position for position, _ in await writer.append(append())] == [2]

    on_writer(database, scenario)


def test_what_is_on_its_way_is_committed_though_nobody_waits_for_it(database: TestDatabase) -> None:
    async def scenario(writer: GroupCommit) -> None:
        with all_appends_locked(database) as free:
            _, first = await sent(writer)
            first.cancel()
            free()
        assert [position for position, _ in await writer.append(append())] == [2]

    on_writer(database, scenario)


def test_closing_commits_what_waits_and_then_refuses(database: TestDatabase) -> None:
    async def scenario(writer: GroupCommit) -> None:
        waiting = asyncio.create_task(writer.append(append()))
        await asyncio.sleep(0)
        await writer.close()
        assert await waiting
        with pytest.raises(OperationalError, match="closed"):
            await writer.append(append())

    on_writer(database, scenario)
