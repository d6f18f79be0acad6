"""What one command commits: several cases, the duplicates that follow, numbers and the kept answer, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from application.execution.attempt import Attempt
from application.execution.requests import Committed
from application.execution.runner import CommandRunner
from application.ports import Answered
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.errors import InvalidTransition
from tests.application.execution.memory_record import TECHNICIAN, MemoryRecord, grant, keyed, runner_on
from tests.application.execution.scenarios import LEE, note, of_another, on_record
from tests.domain.cases import FIRST, FIXED, POLICY, SECOND, by_team, duplicates, logged, positive, resolved, said


async def loaded(runner: CommandRunner, number: str, on: Attempt) -> list[Root]:
    other = await runner.repository.get(Case, number)
    note(other, on)
    return [other]


def test_several_cases_are_committed_together_or_not_at_all() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        def decide(case: Case, on: Attempt) -> Awaitable[list[Root]]:
            note(case, on)
            return loaded(runner, SECOND, on)

        record.before_commit.append(lambda: of_another(record, SECOND))
        done = await runner.on_case("note", FIRST, TECHNICIAN, decide)
        other = await runner.repository.get(Case, SECOND)
        assert (done.case.version, other.version) == (2, 3), "neither was committed before the second try"

    on_record(scenario, logged(), logged(SECOND))


def test_r_5_6c_the_duplicates_of_a_case_go_with_it_in_one_commit() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        grant(record, LEE)
        record.before_commit.append(lambda: of_another(record, SECOND))
        await runner.on_case("close", FIRST, TECHNICIAN, close)
        assert (await runner.repository.get(Case, SECOND)).status == "closed"
        assert record.topics[-2:] == ["case.closed", "case.closed"]
        assert record.appended[-1].closes == [SECOND, FIRST], "an unread mail about either keeps both open"

    first, second = duplicates()
    first.verify(positive(6), by_team(6))
    first.resolve(FIXED, said(), POLICY, by_team(6))
    second.follow(first, POLICY, by_team(6))
    on_record(scenario, first, second)


def close(case: Case, on: Attempt) -> None:
    case.close(on.policy, on.provenance, confirmation=Confirmation("phone", on.at))


def test_r_5_9d_a_case_with_an_unread_mail_is_not_closed() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        record.unread.add(FIRST)
        with pytest.raises(InvalidTransition, match="mail to be read"):
            await runner.on_case("close", FIRST, TECHNICIAN, close)
        assert record.appended[-1].closes == [FIRST]
        record.unread.clear()
        assert (await runner.on_case("close", FIRST, TECHNICIAN, close)).case.status == "closed"

    on_record(scenario, resolved())


def test_what_is_given_a_number_is_found_by_it_from_the_commit_on() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        async def attempt(on: Attempt) -> Committed:
            return await runner.commit(logged(SECOND), on)

        done = await runner.run(SECOND, TECHNICIAN, attempt)
        assert record.appended[-1].numbers == [(SECOND, done.root.id)]
        assert (await runner.repository.get(Case, SECOND)).id == done.root.id
        await runner.on_case("note", SECOND, TECHNICIAN, note)
        assert record.appended[-1].numbers == [], "once"

    on_record(scenario)


def test_the_answer_is_kept_with_the_commit_and_given_again() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        assert not await runner.answered(keyed())
        first = await runner.on_case("note", FIRST, keyed(), note)
        assert record.appended[-1].answered == Answered(b"key", b"one", 201, first.root.id, 2)
        assert await runner.answered(keyed())
        await of_another(record)
        again = await runner.on_case("note", FIRST, replace(keyed(), expected=1), note)
        assert (again.replayed, again.case.version, again.position) == (True, 2, first.position)
        assert record.topics.count("case.noted") == 2

    on_record(scenario)


def test_two_requests_of_one_key_in_two_processes_are_one_command() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        other = runner_on(record)
        done = await asyncio.gather(*(each.on_case("note", FIRST, keyed(), note) for each in (runner, other)))
        assert sorted(each.replayed for each in done) == [False, True]
        assert {(each.case.version, each.position) for each in done} == {(2, len(record.entries))}

    on_record(scenario)
