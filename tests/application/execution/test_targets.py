"""A target that a person moves while the timer looks at it: the timer looks again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from application.cases.targets import Targets
from application.execution.attempt import Attempt
from application.execution.runner import CommandRunner
from application.processes.target_timers import REQUEST
from domain.case import Case
from domain.case.target_watch import target_watch_id
from domain.errors import InvalidTransition
from domain.outgoing_mail import Message
from tests.application.execution.memory_record import MemoryRecord
from tests.application.execution.scenarios import on_record
from tests.domain.cases import FIRST, HIGH, POLICY, at, moment, report, said


class Escalated:
    """Mails nobody. Meanwhile somebody answers the customer, once."""

    def __init__(self, record: MemoryRecord) -> None:
        self.record, self.asked = record, 0

    async def mails(self, case: Case, _: Attempt) -> list[Message]:
        self.asked += 1
        if self.asked == 1:
            self.record.change(case.id, lambda case: case.note(said(), at(58), visible_to_customer=True))
        return []


def test_r_5_4c_what_is_met_while_the_timer_looks_is_not_breached() -> None:
    async def scenario(record: MemoryRecord, runner: CommandRunner) -> None:
        case = record.folded(record.numbers[FIRST])
        assert isinstance(case, Case)
        escalated: Any = Escalated(record)
        with pytest.raises(InvalidTransition, match="No target"):
            await Targets(runner, escalated).record_due(FIRST, REQUEST)
        assert escalated.asked == 1, "the second look found nothing due"
        assert record.folded(target_watch_id(case.id)) is None

    case = Case.log(UUID(int=1), FIRST, report(received_at=moment(44)), POLICY, at(44))
    case.triage("desk", at(45))
    case.prioritize(HIGH, POLICY, at(46))  # to be answered within a quarter of an hour; the timer looks at minute 60
    on_record(scenario, case)
