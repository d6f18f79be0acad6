"""Months and days are those of a time zone (issue 12, field input 26)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import psycopg
import pytest

from application.reports.periods import moment_of, zone_named
from application.views.questions import ReportQuestion
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.errors import Invalid
from domain.values import Channel
from infrastructure.views.projector import Projector
from tests.blocking import BlockingDesk
from tests.conftest import DATA, TestDatabase
from tests.infrastructure.histories import NOW, History, by, new_id

BOUNDARIES = [
    ("2026-04-01T00:30:00Z", "America/Vancouver", "2026-03"),
    ("2026-05-31T15:30:00Z", "Asia/Tokyo", "2026-06"),
    ("2026-04-01T04:59:59Z", "America/Chicago", "2026-03"),
    ("2026-04-01T05:00:00Z", "America/Chicago", "2026-04"),
    ("2026-12-01T05:59:59Z", "America/Chicago", "2026-11"),
    ("2026-03-31T18:15:00Z", "Asia/Kathmandu", "2026-04"),
    ("2026-04-01T00:30:00Z", "UTC", "2026-04"),
]

OLD = datetime(1987, 6, 1, 3, tzinfo=UTC)


def minutes(moment: str) -> float:
    return (datetime.fromisoformat(moment) - NOW) / timedelta(minutes=1)


@pytest.mark.parametrize("name", ["volume", "resolution", "reopenings", "outcomes"])
def test_by_month_is_in_the_zone_asked_for_and_months_add_up(
    history: History, projector: Projector, views: BlockingDesk, name: str
) -> None:
    for at, _, _ in BOUNDARIES:
        history.resolved(minutes(at) - 3)  # it is resolved three minutes after it came
    history.resolved(minutes("2026-03-31T23:59:00Z"))  # it came in March, and was resolved in April
    projector.catch_up()
    counted = {"volume": "cases", "reopenings": "reopenings"}.get(name, "resolved")
    for zone in {zone for _, zone, _ in BOUNDARIES}:
        report = views.reports.report(ReportQuestion(name, by="month", zone=zone))
        assert report["time_zone"] == zone
        assert sum(row[counted] for row in report["rows"]) == report["totals"][counted]
        months = {row["month"]: row[counted] for row in report["rows"]}
        moved = timedelta(minutes=3) if name in ("volume", "reopenings") else timedelta(0)
        expected = {
            (datetime.fromisoformat(at) - moved).astimezone(ZoneInfo(zone)).strftime("%Y-%m") for at, _, _ in BOUNDARIES
        }
        assert expected <= set(months)
    if counted == "resolved":
        for at, zone, month in BOUNDARIES:
            since = datetime.fromisoformat(at)
            report = views.reports.report(
                ReportQuestion(name, since, since + timedelta(seconds=1), by="month", zone=zone)
            )
            assert [row["month"] for row in report["rows"]] == [month], (at, zone)


def test_a_month_long_ago_is_spelt_as_well(history: History, projector: Projector, views: BlockingDesk) -> None:
    case = Case.log_imported(new_id(), history.number("INC"), IncidentReport(Channel.OTHER, OLD, "jo"), by(0))
    history.put(case)
    history.logged(0)
    projector.catch_up()
    for zone, months in (("America/Chicago", ["1987-05", "2026-11"]), ("UTC", ["1987-06", "2026-11"])):
        rows = views.reports.report(ReportQuestion("volume", by="month,channel", zone=zone))["rows"]
        assert [row["month"] for row in rows] == months


def test_a_month_is_the_sum_of_its_own_period(history: History, projector: Projector, views: BlockingDesk) -> None:
    for at, _, _ in BOUNDARIES:
        history.resolved(minutes(at) - 3)
    projector.catch_up()
    zone = zone_named("America/Chicago")
    bounds = [moment_of(date(2026, month, 1), zone, "from") for month in range(3, 13)]
    for name in ("volume", "resolution", "outcomes"):
        rows = views.reports.report(ReportQuestion(name, by="month", zone=zone.key))["rows"]
        for row in rows:
            place = int(row["month"][-2:]) - 3
            alone = views.reports.report(ReportQuestion(name, bounds[place], bounds[place + 1] if place < 9 else None))[
                "totals"
            ]
            counted = "cases" if name == "volume" else "resolved"
            assert alone[counted] == row[counted], (name, row["month"])


@pytest.mark.parametrize(
    ("day", "zone", "moment"),
    [
        (date(2026, 3, 1), "America/Chicago", "2026-03-01T06:00:00+00:00"),
        (date(2026, 7, 1), "America/Chicago", "2026-07-01T05:00:00+00:00"),
        (date(2026, 4, 24), "Africa/Cairo", "2026-04-23T22:00:00+00:00"),  # that day begins at 01:00
    ],
)
def test_a_day_begins_with_its_first_moment_in_the_zone(day: date, zone: str, moment: str) -> None:
    assert moment_of(day, zone_named(zone), "from") == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "name", ["", "America", "Mars/Olympus", "UTC+3", "EST5EDT4", "../etc/passwd", "america/chicago", "\0"]
)
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        zone_named(name)


def test_the_database_knows_the_zones_that_are_taken(database: TestDatabase) -> None:
    with psycopg.connect(database.superuser) as connection:
        known = {name for (name,) in connection.execute("SELECT name FROM pg_timezone_names")}
    assert {zone for _, zone, _ in BOUNDARIES} <= known
    assert len(available_timezones() - known) < 20, "both have the IANA database"


def test_field_26_each_moment_is_in_its_month() -> None:
    given = DATA / "field" / "26-month-boundary.json"
    if not given.exists():
        pytest.skip("the field's inputs are not beside the checkout")
    for case in json.loads(given.read_text(encoding="utf-8")):
        at = datetime.fromisoformat(case.get("resolved_utc") or case["created_utc"])
        assert at.astimezone(zone_named(case["zone"])) == datetime.fromisoformat(case["local"])
        year, month = map(int, case["month"].split("-"))
        since = moment_of(date(year, month, 1), zone_named(case["zone"]), "from")
        assert since is not None
        assert since <= at < since + timedelta(days=31, hours=1)
        assert at.tzinfo == UTC
