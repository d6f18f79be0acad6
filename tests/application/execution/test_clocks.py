"""Machines' clocks differ: what is done after something else on a case is not earlier than it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.case.clauses.resolution import Verification
from tests.application.cases import FIXED, MEDIUM, NETWORK, TECHNICIAN, log
from tests.blocking import open_desk
from tests.conftest import TestDatabase, grant_everybody


class Skewed:
    """The clock of a machine that goes wrong by as much."""

    simulated = False

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


@pytest.mark.parametrize("wrong", [timedelta(seconds=-40), timedelta(seconds=40)], ids=["behind", "ahead"])
def test_r_5_8a_a_customers_word_after_the_work_counts_on_a_machine_whose_clock_is_wrong(
    database: TestDatabase, wrong: timedelta
) -> None:
    with open_desk(database) as right, open_desk(database, Skewed(wrong)) as other:
        grant_everybody(min(right, other, key=lambda desk: desk.clock.now()))  # in force on both
        number = log(right)
        right.triage.triage(number, "desk", TECHNICIAN)
        other.diagnosis.prioritize(number, MEDIUM, TECHNICIAN)
        right.assignment.assign(number, "network", None, "spooler", TECHNICIAN)
        asked = Verification(satisfactory=True, able_to_work=True, method="phone")
        other.resolution.verify(number, asked, NETWORK)
        case = right.resolution.resolve(number, FIXED, "restarted", NETWORK).case
    assert case.status == "resolved"
    assert case.verified_at is not None
    assert case.last_work_at is not None
    assert case.verified_at >= case.last_work_at
