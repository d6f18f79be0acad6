"""How a command is carried out: checked, decided on the latest version, and decided anew where another was first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count

import pytest

from application.execution.requests import Busy, Request, StaleVersion
from application.execution.runner import CommandRunner
from application.execution.turns import Turns
from domain.errors import Forbidden, InvalidTransition, NotAssignedTeam, NotFound
from domain.values import Actor, Role
from tests.application.execution.memory_record import TECHNICIAN, MemoryRecord, grant, keyed
from tests.application.execution.scenarios import LEE, Noting, note, of_another, on_record, triage
from tests.domain.cases import FIRST, SECOND, assigned, at


def test_a_command_returns_the_case_and_its_position_once_it_is_committed() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        done = await runner.on_case("triage", FIRST, TECHNICIAN, triage)
        assert (done.case.status, done.case.version, done.replayed) == ("triaged", 2, False)
        assert done.position == len(record.entries)
        assert record.topics[-1] == "case.triaged"

    on_record(scenario)


def test_r_6a_a_role_that_may_never_is_refused_before_anything_is_read() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        auditor = Actor("r.audit", Role.AUDITOR)
        grant(record, auditor)
        with pytest.raises(Forbidden):
            await runner.on_case("triage", FIRST, Request(auditor, "test"), triage)
        assert record.asked == []

    on_record(scenario)


def test_r_5_7a_a_member_of_another_team_is_refused() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        other = replace(LEE, team="messaging")
        grant(record, other)
        with pytest.raises(NotAssignedTeam):
            await runner.on_case("diagnose", FIRST, Request(other, "test"), note)

    on_record(scenario, assigned())


def test_a_case_that_is_not_there_is_not_found() -> None:
    async def scenario(_: MemoryRecord, runner: CommandRunner) -> None:
        with pytest.raises(NotFound, match=SECOND):
            await runner.on_case("triage", SECOND, TECHNICIAN, triage)

    on_record(scenario)


def test_the_version_that_the_caller_has_seen_is_checked() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        await of_another(record)
        with pytest.raises(StaleVersion) as stale:
            await runner.on_case("triage", FIRST, replace(TECHNICIAN, expected=1), triage)
        assert (stale.value.number, stale.value.expected, stale.value.current) == (FIRST, 1, 2)
        assert (await runner.on_case("triage", FIRST, replace(TECHNICIAN, expected=2), triage)).case.version == 3

    on_record(scenario)


def test_a_command_that_changes_nothing_has_the_position_of_the_last_event() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        await of_another(record)
        position = len(record.entries)
        grant(record, LEE)
        done = await runner.on_case("note", FIRST, TECHNICIAN, lambda case, on: None)
        assert done.position == position < len(record.entries)

    on_record(scenario)


# met by others


def test_a_command_that_another_overtakes_is_decided_anew_on_what_is_there_now() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        noting = Noting()
        record.before_commit.append(lambda: of_another(record))
        done = await runner.on_case("note", FIRST, TECHNICIAN, noting)
        assert noting.versions == [1, 2]
        assert (done.case.version, done.position) == (3, len(record.entries))

    on_record(scenario)


def test_a_command_that_no_longer_fits_is_refused_by_what_is_there_now() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        async def overtake() -> None:
            record.change(record.numbers[FIRST], lambda case: case.triage("desk", at(1)))

        record.before_commit.append(overtake)
        with pytest.raises(InvalidTransition):
            await runner.on_case("triage", FIRST, TECHNICIAN, triage)
        assert record.topics.count("case.triaged") == 1

    on_record(scenario)


def test_a_version_that_was_seen_is_stale_when_another_command_was_first() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        record.before_commit.append(lambda: of_another(record))
        with pytest.raises(StaleVersion):
            await runner.on_case("note", FIRST, replace(TECHNICIAN, expected=1), note)

    on_record(scenario)


def test_commands_that_met_are_decided_one_after_the_other() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        noting = Noting()
        done = await asyncio.gather(*(runner.on_case("note", FIRST, TECHNICIAN, noting) for _ in range(9)))
        assert sorted(each.case.version for each in done) == list(range(2, 11))
        assert len(noting.decided) == 9 + 8, "all at once, and then each of those that lost once more"
        assert runner.turns.streams == 0

    on_record(scenario)


def test_a_command_cancelled_before_its_turn_keeps_nobody_waiting() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        async with runner.turns.on(FIRST) as turn:
            await turn.take()
            gone, stays = (
                asyncio.create_task(runner.on_case("note", FIRST, request, note)) for request in (keyed(), TECHNICIAN)
            )
            for _ in range(20):
                await asyncio.sleep(0)
            gone.cancel()
        assert (await stays).case.version == 2
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert (await runner.on_case("note", FIRST, keyed(), note)).replayed is False
        assert runner.turns.streams == 0

    on_record(scenario)


def test_a_command_that_others_always_overtake_is_told_so_in_the_end() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        seconds, noting = count(), Noting()
        runner.turns = Turns(patience=8, monotonic=lambda: next(seconds))
        record.before_commit += [lambda: of_another(record)] * 20
        with pytest.raises(Busy, match=FIRST):
            await runner.on_case("note", FIRST, TECHNICIAN, noting)
        assert len(noting.decided) > 1
        assert len(noting.decided) == noting.versions[-1], "it was decided anew each time"

    on_record(scenario)
