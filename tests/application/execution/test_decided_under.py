"""Catalogue, policy and grants change while a command is decided: it is decided anew under what is in force."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from application.execution.attempt import Attempt
from application.execution.principals import Unauthenticated
from application.execution.requests import Busy, Committed, Request
from application.execution.runner import CommandRunner
from application.execution.turns import Turns
from domain.case import Case
from domain.errors import Forbidden, InvalidTransition
from domain.values import Actor, Role
from tests.application.execution.memory_record import TECHNICIAN, MemoryRecord, adopt, grant, revoke
from tests.application.execution.scenarios import Noting, note, on_record
from tests.domain.cases import FIRST, POLICY

PATIENT = replace(POLICY, notification_attempts=9)


def test_a_policy_put_in_force_meanwhile_is_the_one_it_is_decided_under() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        async def change() -> None:
            adopt(record, PATIENT)

        noting = Noting()
        record.before_commit.append(change)
        done = await runner.on_case("note", FIRST, TECHNICIAN, noting)
        assert [on.policy.notification_attempts for _, on in noting.decided] == [POLICY.notification_attempts, 9]
        assert noting.versions == [1, 1]
        assert done.case.version == 2
        assert record.appended[-1].known == noting.decided[-1][1].reference.position

    on_record(scenario)


def test_a_command_whose_policy_always_changes_is_told_so_in_the_end() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        async def change() -> None:
            adopt(record, replace(POLICY, notification_attempts=len(record.entries)))

        seconds = count()
        runner.turns = Turns(patience=8, monotonic=lambda: next(seconds))
        record.before_commit += [change] * 20
        with pytest.raises(Busy):
            await runner.on_case("note", FIRST, TECHNICIAN, note)
        assert "case.noted" not in record.topics

    on_record(scenario)


def test_r_7_1_a_grant_revoked_meanwhile_refuses_the_command() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        async def change() -> None:
            revoke(record)

        record.before_commit.append(change)
        with pytest.raises(Forbidden, match="no grant"):
            await runner.on_case("note", FIRST, TECHNICIAN, note)
        assert "case.noted" not in record.topics

    on_record(scenario)


def test_r_7_1_a_grant_given_elsewhere_is_looked_for_before_anybody_is_refused() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        chen = Actor("b.chen", Role.TECHNICIAN)
        await runner.references.current()
        grant(record, chen)
        done = await runner.on_case("note", FIRST, Request(chen, "test"), note)
        assert done.case.version == 2

    on_record(scenario)


def test_what_an_old_policy_refuses_is_decided_anew_under_the_one_in_force() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        await runner.references.current()
        adopt(record, PATIENT)

        def strict(case: Case, on: Attempt) -> None:
            if on.policy.notification_attempts != 9:
                raise Forbidden
            note(case, on)

        assert (await runner.on_case("note", FIRST, TECHNICIAN, strict)).case.version == 2

    on_record(scenario)


def test_what_is_refused_under_what_is_in_force_is_decided_once() -> None:
    async def scenario(_: MemoryRecord, runner: CommandRunner) -> None:
        decided = list[int]()

        def refuse(case: Case, on: Attempt) -> None:
            decided.append(case.version)
            raise InvalidTransition("Triage this case first.")

        with pytest.raises(InvalidTransition):
            await runner.on_case("note", FIRST, TECHNICIAN, refuse)
        assert decided == [1]

    on_record(scenario)


def test_r_7_1_who_is_admitted_by_a_key_needs_the_key_and_not_a_grant() -> None:
    async def scenario(_: MemoryRecord, runner: CommandRunner) -> None:
        async def nothing(_: Attempt) -> Committed:
            raise AssertionError("it was not to be decided")

        with pytest.raises(Unauthenticated):
            await runner.try_until_committed("prom", replace(TECHNICIAN, key="a key"), nothing)

    on_record(scenario)
