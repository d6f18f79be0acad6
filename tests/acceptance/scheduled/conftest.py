"""A desk on a Monday morning that schedules reports, and its processes on demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from application.processes.scheduled_reports import issue_due
from domain.values import Role
from infrastructure.views.questions.postgres_views import views_on
from tests.acceptance.conftest import Answer, Caller, RunningDesk, done, served
from tests.conftest import TestDatabase
from tests.travel_clock import TravelClock

MONDAY = datetime(2040, 10, 1, 13, 0, tzinfo=UTC)
"""08:00 in Chicago, ahead of the database: what is recorded was recorded before the end of any period."""
DAILY = {"name": "daily", "report": "volume", "every": "day", "by": "team", "form": "csv", "mail_to": ["director"]}


class Scheduling:
    """The administrator of a desk's schedules, and the process that issues reports."""

    def __init__(self, desk: RunningDesk, views: Any) -> None:
        self.desk, self.views = desk, views
        self.admin: Caller = desk.caller(Role.ADMIN, "admin")

    def list_in_directory(self, subject: str = "director") -> None:
        entry = {"contact": {"name": "Dee Rector", "email": f"{subject}@agency.example"}}
        done(self.admin.http.put(f"/customers/{subject}", json=entry, headers={"If-Match": "*"}))

    def schedule(self, *schedules: dict[str, Any]) -> Answer:
        body = {"changes": {"scheduled_reports": list(schedules)}, "reason": "the director asks"}
        return self.admin.post("/policy", body)

    def issue(self) -> int:
        """Issue what is due, each once the views have folded what went before; returns how many."""
        issued = 0
        while True:
            self.desk.catch_up()
            if not (now := int(self.desk.office.run(issue_due, self.views))):
                return issued
            issued += now

    def standings(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = done(self.desk.auditor.get("/reports/scheduled"))["items"]
        return items

    def issued(self) -> list[dict[str, Any]]:
        """The events of issues, as the feed has them, oldest first."""
        found, after = [], 0
        while items := done(self.desk.auditor.http.get("/events", params={"after": after, "limit": 1000}))["items"]:
            found += [each for each in items if each["topic"] == "report.issued"]
            after = items[-1]["position"]
        return found


@pytest.fixture
def scheduling(database: TestDatabase, tmp_path: Path) -> Iterator[Scheduling]:
    with (
        served(database, tmp_path, TravelClock(MONDAY)) as desk,
        desk.office.on_pool(database, "processes", views_on) as views,
    ):
        made = Scheduling(desk, views)
        made.list_in_directory()
        yield made
