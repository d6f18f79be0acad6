"""R-7.1: callers act in a role that their token names and that is granted to them, as of now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from application.execution.admission import Admission
from application.execution.principals import Principal, Unauthenticated
from application.execution.reference import References
from domain.errors import Forbidden
from domain.policy import GroupRole
from domain.values import Actor, Role
from tests.application.execution.memory_record import ORTIZ, MemoryRecord, grant, revoke
from tests.domain.cases import NOW, POLICY
from tests.travel_clock import TravelClock

TECHNICIANS = (Role.TECHNICIAN,)
PRINCIPAL = Principal(ORTIZ.subject, TECHNICIANS)
Scenario = Callable[[MemoryRecord, Admission], Awaitable[None]]


def on_record(scenario: Scenario) -> None:
    async def begin() -> None:
        record = MemoryRecord()
        grant(record)
        references = References(record.reference_events, lambda: POLICY)
        await references.refresh()
        await scenario(record, Admission(references, TravelClock(NOW + timedelta(hours=1))))

    asyncio.run(begin())


def test_a_caller_is_admitted_in_the_role_that_they_were_granted() -> None:
    async def scenario(_: MemoryRecord, admission: Admission) -> None:
        assert await admission.admit(PRINCIPAL, TECHNICIANS) == ORTIZ
        assert admission.admitted(PRINCIPAL, TECHNICIANS) == ORTIZ

    on_record(scenario)


def test_a_role_that_the_token_does_not_name_is_not_theirs() -> None:
    async def scenario(_: MemoryRecord, admission: Admission) -> None:
        with pytest.raises(Forbidden, match="no grant of the role reporter"):
            await admission.admit(Principal(ORTIZ.subject, (Role.REPORTER,)), TECHNICIANS)

    on_record(scenario)


def test_the_first_granted_role_that_may_is_taken_and_else_the_first_one_to_be_refused_by_name() -> None:
    async def scenario(record: MemoryRecord, admission: Admission) -> None:
        for role in (Role.REPORTER, Role.DUTY_MANAGER):
            grant(record, Actor("d.manager", role))
        several = Principal("d.manager", (Role.AUDITOR, Role.REPORTER, Role.DUTY_MANAGER))
        assert (await admission.admit(several, (Role.AUDITOR, Role.DUTY_MANAGER))).role is Role.DUTY_MANAGER
        assert (await admission.admit(several, (Role.ADMIN,))).role is Role.REPORTER

    on_record(scenario)


def test_a_grant_given_elsewhere_is_looked_for_before_anybody_is_refused() -> None:
    async def scenario(record: MemoryRecord, admission: Admission) -> None:
        chen = Actor("b.chen", Role.TECHNICIAN)
        grant(record, chen)
        principal = Principal(chen.subject, TECHNICIANS)
        assert admission.admitted(principal, TECHNICIANS) is None, "memory cannot tell"
        assert await admission.admit(principal, TECHNICIANS) == chen
        assert admission.admitted(principal, TECHNICIANS) == chen

    on_record(scenario)


def test_a_revocation_that_was_heard_of_refuses_from_then_on() -> None:
    async def scenario(record: MemoryRecord, admission: Admission) -> None:
        revoke(record)
        admission._references.invalidate()
        assert admission.admitted(PRINCIPAL, TECHNICIANS) is None, "memory no longer counts"
        with pytest.raises(Forbidden):
            await admission.admit(PRINCIPAL, TECHNICIANS)

    on_record(scenario)


def test_a_key_that_is_not_valid_opens_nothing() -> None:
    async def scenario(_: MemoryRecord, admission: Admission) -> None:
        machine = Principal("prom", (Role.INTAKE,), key="a key")
        with pytest.raises(Unauthenticated):
            await admission.admit(machine, (Role.INTAKE,))
        with pytest.raises(Unauthenticated):
            admission.admitted(machine, (Role.INTAKE,))

    on_record(scenario)


def test_r_7_1_a_group_stands_for_the_role_that_the_policy_says_and_a_grant_is_needed_all_the_same() -> None:
    lee = Actor("t.lee", Role.TEAM_MEMBER, "network")
    mapped = replace(POLICY, groups=(GroupRole("net", Role.TEAM_MEMBER, "network"), GroupRole("audit", Role.AUDITOR)))

    async def scenario() -> None:
        record = MemoryRecord()
        grant(record, lee)
        references = References(record.reference_events, lambda: mapped)
        await references.refresh()
        admission = Admission(references, TravelClock(NOW + timedelta(hours=1)))
        principal = Principal(lee.subject, (), groups=("others", "audit", "net"))
        assert await admission.admit(principal, (Role.TEAM_MEMBER, Role.AUDITOR)) == lee, (
            "the auditors' group alone opens nothing"
        )
        assert admission.admitted(principal, (Role.TEAM_MEMBER,)) == lee
        assert admission.admitted(principal, (Role.AUDITOR,)) is None
        with pytest.raises(Forbidden, match=r"none of the groups of t[.]lee stands for a role here"):
            await admission.admit(Principal(lee.subject, (), groups=("others",)), (Role.TEAM_MEMBER,))
        with pytest.raises(Forbidden, match="no grant of the role auditor"):
            await admission.admit(Principal(lee.subject, (), groups=("audit",)), (Role.AUDITOR,))

    asyncio.run(scenario())


def test_r_7_1_a_group_that_the_policy_names_no_more_opens_nothing() -> None:
    async def scenario() -> None:
        record = MemoryRecord()
        grant(record)
        references = References(record.reference_events, lambda: POLICY)
        await references.refresh()
        admission = Admission(references, TravelClock(NOW + timedelta(hours=1)))
        with pytest.raises(Forbidden):
            await admission.admit(Principal(ORTIZ.subject, (), groups=("desk",)), TECHNICIANS)

    asyncio.run(scenario())
