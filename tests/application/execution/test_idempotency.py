"""One key, one command: whoever repeats a request gets the answer that was kept (http.md, Idempotency)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from application.execution import idempotency
from application.execution.idempotency import Keys
from application.execution.requests import Committed, KeyInProgress, KeyReused, StaleVersion
from application.ports import Answered, Beside, KeyTaken
from domain.errors import InvalidTransition
from tests.application.execution.memory_record import TECHNICIAN, MemoryRecord, keyed
from tests.domain.cases import FIRST, at, logged, said

run = asyncio.run


class Work:
    """A command that logs a case under the key of the request, once the test lets it."""

    def __init__(self, record: MemoryRecord) -> None:
        self.record, self.begun, self.runs = record, asyncio.Event(), 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.refusals: list[Exception] = []

    async def __call__(self) -> Committed:
        self.runs += 1
        self.begun.set()
        await self.may_go_on.wait()
        if self.refusals:
            raise self.refusals.pop(0)
        return await commit(self.record)


async def commit(record: MemoryRecord, request: bytes = b"one", key: bytes = b"key") -> Committed:
    """Commit a case with the answer under a key."""
    case = logged()
    position = await record.append([case], Beside(Answered(key, request, 201, case.id, case.version)))
    assert position is not None
    return Committed(case, position)


async def settled(task: asyncio.Task[Any]) -> None:
    """Let a task run until it waits for something that does not come by itself."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()


def with_keys(scenario: Callable[[MemoryRecord, Keys, Work], Awaitable[None]]) -> None:
    async def begin() -> None:
        record = MemoryRecord()
        store: Any = record
        await scenario(record, Keys(store, store), Work(record))

    run(begin())


def test_a_repetition_waits_for_the_first_and_gets_its_answer() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.may_go_on.clear()
        first = asyncio.create_task(keys.once(keyed(), work))
        await work.begun.wait()
        second = asyncio.create_task(keys.once(keyed(), work))
        await settled(second)
        work.may_go_on.set()
        answers = await asyncio.gather(first, second)
        assert [answer.replayed for answer in answers] == [False, True]
        assert {(answer.root.number, answer.root.version, answer.position) for answer in answers} == {(FIRST, 1, 1)}
        assert work.runs == 1

    with_keys(scenario)


def test_a_kept_answer_is_the_case_as_the_command_left_it() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        first = await keys.once(keyed(), work)
        record.change(first.root.id, lambda case: case.note(said(), at(1)))
        again = await keys.once(keyed(), work)
        assert (again.replayed, again.root.version, again.position, work.runs) == (True, 1, 1, 1)

    with_keys(scenario)


def test_without_a_key_every_request_is_a_command() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.refusals += [InvalidTransition("Triage this case first.") for _ in range(2)]
        for _ in range(2):
            with pytest.raises(InvalidTransition):
                await keys.once(TECHNICIAN, work)
        assert work.runs == 2

    with_keys(scenario)


def test_requests_with_other_keys_do_not_wait() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.may_go_on.clear()
        first = asyncio.create_task(keys.once(keyed(), work))
        await work.begun.wait()

        async def other() -> Committed:
            return Committed(logged(), 7)

        assert (await keys.once(keyed(key=b"another"), other)).position == 7
        work.may_go_on.set()
        assert not (await first).replayed

    with_keys(scenario)


@pytest.mark.parametrize("waits", [True, False])
def test_a_key_that_comes_with_another_request_is_refused(waits: bool) -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        if waits:
            work.may_go_on.clear()
        first = asyncio.create_task(keys.once(keyed(b"one"), work))
        await work.begun.wait()
        second = asyncio.create_task(keys.once(keyed(b"two"), work))
        if waits:
            await settled(second)
        work.may_go_on.set()
        await first
        with pytest.raises(KeyReused):
            await second
        assert work.runs == 1

    with_keys(scenario)


def test_a_repetition_is_told_when_the_first_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_PATIENCE", 0)

    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.may_go_on.clear()
        first = asyncio.create_task(keys.once(keyed(), work))
        await work.begun.wait()
        with pytest.raises(KeyInProgress):
            await keys.once(keyed(), work)
        work.may_go_on.set()
        assert not (await first).replayed
        assert (await keys.once(keyed(), work)).replayed

    with_keys(scenario)


@pytest.mark.parametrize(
    "refusal", [InvalidTransition("Triage this case first."), OperationalError("away"), ValueError("?")]
)
def test_a_refusal_is_not_kept_and_of_those_who_waited_one_tries_anew(refusal: Exception) -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.may_go_on.clear()
        work.refusals.append(refusal)
        first = asyncio.create_task(keys.once(keyed(), work))
        await work.begun.wait()
        others = [asyncio.create_task(keys.once(keyed(), work)) for _ in range(3)]
        await settled(others[-1])
        work.may_go_on.set()
        with pytest.raises(type(refusal)):
            await first
        assert [(await other).replayed for other in others] == [False, True, True]
        assert work.runs == 2

    with_keys(scenario)


def test_a_request_that_is_cancelled_lets_go_of_its_key() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.may_go_on.clear()
        first = asyncio.create_task(keys.once(keyed(), work))
        await work.begun.wait()
        second, third = (asyncio.create_task(keys.once(keyed(), work)) for _ in range(2))
        await settled(third)
        second.cancel()
        first.cancel()
        work.may_go_on.set()
        assert not (await third).replayed
        assert work.runs == 2
        for gone in (first, second):
            with pytest.raises(asyncio.CancelledError):
                await gone

    with_keys(scenario)


@pytest.mark.parametrize(
    "refusal",
    [KeyTaken(), IntegrityError(), StaleVersion(FIRST, 1, 2), InvalidTransition("This case is triaged already.")],
)
def test_what_another_process_answered_meanwhile_is_the_answer(refusal: Exception) -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        async def late() -> Committed:
            await commit(record)  # the other process has the same request
            raise refusal

        assert (await keys.once(keyed(), late)).replayed

    with_keys(scenario)


def test_where_nobody_answered_a_refusal_is_the_answer() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        work.refusals.append(StaleVersion(FIRST, 1, 2))
        with pytest.raises(StaleVersion):
            await keys.once(keyed(), work)

    with_keys(scenario)


def test_a_store_that_is_away_is_not_asked_again() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        async def away() -> Committed:
            await commit(record)
            raise OperationalError("away")

        with pytest.raises(OperationalError):
            await keys.once(keyed(), away)

    with_keys(scenario)


def test_a_fresh_command_is_not_looked_up_before_it_is_refused() -> None:
    async def scenario(record: MemoryRecord, keys: Keys, work: Work) -> None:
        await keys.once(keyed(), work)
        work.refusals.append(KeyTaken())
        assert (await keys.once(keyed(), work, fresh=True)).replayed
        assert work.runs == 2

    with_keys(scenario)
