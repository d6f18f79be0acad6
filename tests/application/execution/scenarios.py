"""Scenarios of commands on a record in memory: somebody notes something on a case, and somebody else is first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from application.execution.attempt import Attempt
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.values import Actor, Role
from tests.application.execution.memory_record import MemoryRecord, grant, runner_on
from tests.domain.cases import FIRST, at, logged, said

LEE = Actor("t.lee", Role.TEAM_MEMBER, "network")
Scenario = Callable[[MemoryRecord, CommandRunner], Awaitable[None]]


def on_record(scenario: Scenario, *cases: Case) -> None:
    """Run a scenario on a desk with some cases, whose technician has been granted their role."""

    async def begin() -> None:
        record = MemoryRecord()
        grant(record)
        record.put(*cases or (logged(),))
        await scenario(record, runner_on(record))

    asyncio.run(begin())


def triage(case: Case, on: Attempt) -> None:
    case.triage("desk", on.provenance)


def note(case: Case, on: Attempt) -> None:
    case.note(said(), on.provenance)


class Noting:
    """Decides to note something. Keeps what it was decided on, and under."""

    def __init__(self) -> None:
        self.decided: list[tuple[int, Attempt]] = []

    def __call__(self, case: Case, on: Attempt) -> None:
        self.decided.append((case.version, on))
        note(case, on)

    @property
    def versions(self) -> list[int]:
        return [version for version, _ in self.decided]


async def of_another(record: MemoryRecord, number: str = FIRST) -> None:
    """Another process changes a case."""
    record.change(record.numbers[number], lambda case: case.note(said(), at(1)))
