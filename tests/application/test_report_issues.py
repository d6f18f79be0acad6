"""The figures of an issue are as of the end of its period, and wait until the views have folded it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from application.administration.catalogue import OPERATOR
from application.processes.scheduled_reports import REQUEST
from application.scheduled_reports.issues import MOST_ROWS, DueReport
from application.views.questions import ReportQuestion
from domain.policy import first_policy
from domain.schedule import ScheduledReport, due_periods
from tests.blocking import BlockingDesk

SCHEDULE = ScheduledReport("daily", "backlog", "day", by="team")
NOON = datetime(2026, 12, 2, 18, 0, tzinfo=UTC)
DUE = DueReport(SCHEDULE, next(due_periods(SCHEDULE, first_policy().business, NOON)))


class Views:
    """Views that have folded so much, of a ledger that had got so far by the end of the period."""

    def __init__(self, folded: int, rows: int = 1) -> None:
        self.folded, self.rows = folded, rows
        self.asked: list[ReportQuestion] = []

    async def last(self) -> int:
        return self.folded

    async def at(self, moment: datetime) -> int:
        assert moment == DUE.period.until == datetime(2026, 12, 2, 6, 0, tzinfo=UTC)
        return 41

    async def report(self, question: ReportQuestion) -> dict[str, Any]:
        self.asked.append(question)
        rows = [{"team": f"t{each}", "open": 1} for each in range(self.rows)]
        told = {"report": "backlog", "time_zone": question.zone, "position": question.point.position}
        return {**told, "totals": {"open": self.rows}, "rows": rows}


def issue(desk: BlockingDesk, views: Views) -> bool:
    return bool(desk.report_issues.issue(DUE, views, views, REQUEST))


def test_the_figures_are_as_of_the_last_position_of_the_period(desk: BlockingDesk) -> None:
    views = Views(50)
    assert issue(desk, views)
    [question] = views.asked
    assert (question.since, question.until) == (DUE.period.since, DUE.period.until)
    assert (question.point.position, question.point.effective_at, question.now) == (41, None, DUE.period.until)
    assert (question.by, question.zone) == ("team", "America/Chicago")


def test_an_issue_waits_until_the_views_have_folded_its_period(desk: BlockingDesk) -> None:
    before, behind = desk.position, Views(40)
    assert not issue(desk, behind)
    assert (behind.asked, desk.position) == ([], before)
    assert issue(desk, Views(41))


def test_the_goals_are_those_of_the_policy(desk: BlockingDesk) -> None:
    desk.policy.adopt(OPERATOR)
    desk.policy.change(lambda policy: replace(policy, goal_resolve=0.8), "less", OPERATOR)
    views = Views(41)
    issue(desk, views)
    assert views.asked[0].goals.resolve == 0.8


def test_rows_beyond_the_limit_are_counted_and_left_out(desk: BlockingDesk) -> None:
    before = desk.position
    issue(desk, Views(41, MOST_ROWS + 3))
    [event] = [each for each in desk.recorded(before) if each.topic == "report.issued"]
    assert (event.state.count(b'"team":"t'), b'"rows_left_out":3' in event.state) == (MOST_ROWS, True)
