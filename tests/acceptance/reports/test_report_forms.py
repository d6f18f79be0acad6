"""Reports as files, and in time zones, by HTTP and by the command line (issue 12, field inputs 25 and 26)."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.reports.definitions import REPORTS
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.conftest import TestDatabase

BOM = b"\xef\xbb\xbf"


def asked(running: RunningDesk, name: str = "volume", **given: Any) -> httpx.Response:
    answer: httpx.Response = running.auditor.http.get(f"/reports/{name}", params=given)
    assert answer.status_code == 200, answer.text
    return answer


def rows(text: str) -> list[dict[str, str]]:
    assert text.replace("\r\n", "").count("\r") == text.replace("\r\n", "").count("\n") == 0
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_report_says_its_time_zone_the_policys_unless_another_is_asked_for(running: RunningDesk) -> None:
    number = running.log()["number"]
    running.catch_up()
    assert done(running.auditor.get("/reports/volume"))["time_zone"] == "America/Chicago"
    received = datetime.fromisoformat(done(running.auditor.get(f"/cases/{number}"))["received_at"])
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        report = done(running.auditor.get("/reports/volume", by="month", tz=zone))
        assert report["time_zone"] == zone
        assert [row["month"] for row in report["rows"]] == [f"{received.astimezone(ZoneInfo(zone)):%Y-%m}"]


def test_a_date_is_the_first_moment_of_the_day_in_the_zone(running: RunningDesk) -> None:
    running.log()
    running.catch_up()
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        today = datetime.now(ZoneInfo(zone)).date()
        given: dict[str, Any] = {"from": today - timedelta(days=1), "to": today + timedelta(days=1), "tz": zone}
        report = asked(running, **given).json()
        assert report["totals"]["cases"] == 1
        midnight = datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)
        assert datetime.fromisoformat(report["to"]) == midnight.astimezone(UTC)
        assert asked(running, to=today - timedelta(days=1), tz=zone).json()["totals"]["cases"] == 0


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("volume", "tz=Mars/Olympus"),
        ("volume", "tz="),
        ("volume", "since=2026-01-01"),
        ("volume", "by=team&by=month"),
        ("volume", "from=2026-02-30"),
        ("volume", "from=2026-02-03T00:00:00"),
        ("volume", "bom=true"),
        ("volume", "format=xml"),
        ("volume", "by=shoe"),
        ("volume", "by="),
        ("volume", "by=team,team"),
        ("volume", "by=team,month,agency"),
        ("retention", "format=svg"),
        ("retention", "from=2026-01-01"),
        ("retention", "tz=Mars/Olympus"),
    ],
)
def test_a_parameter_that_there_is_not_is_refused(running: RunningDesk, name: str, query: str) -> None:
    slug = "unknown-reference" if query.startswith("tz=") else "validation-failed"
    problem = refused(running.auditor.http.get(f"/reports/{name}?{query}"), 422, slug)
    assert query.partition("=")[0] in str(problem) or query == "bom=true"


def test_a_report_as_csv_is_rfc_4180_and_no_text_in_it_is_a_formula(running: RunningDesk) -> None:
    running.log(customer={"name": "Al", "agency": "dot"})
    running.log(customer={"name": "Al"})
    running.catch_up()
    answer = asked(running, by="agency", format="csv", bom=True)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="volume.csv"'
    assert answer.content.startswith(BOM)
    first, second = rows(answer.content.decode("utf-8-sig"))
    assert (first["agency"], first["cases"], first["time_zone"]) == ("dot", "1", "America/Chicago")
    assert (second["agency"], second["cases"]) == ("", "1")
    assert int(first["as_of_position"]) > 0
    assert not asked(running, format="csv").content.startswith(BOM)
    [retention] = rows(asked(running, "retention", format="csv").text)
    assert retention["time_zone"] == "America/Chicago"


def test_the_command_line_writes_the_same(running: RunningDesk, database: TestDatabase, tmp_path: Path) -> None:
    running.log()
    running.catch_up()

    def run(*arguments: str) -> Result:
        where = ("--database-url", database.superuser, "--data-dir", str(tmp_path))
        return CliRunner().invoke(app, ["report", *arguments, *where])

    zone = "Asia/Tokyo"
    told = run("volume", "--by", "month", "--tz", zone, "--format", "csv", "--bom", "--from", "2026-01-01")
    assert told.exit_code == 0, told.output
    over_http = asked(running, by="month", tz=zone, format="csv", bom=True, **{"from": "2026-01-01"})
    assert told.stdout_bytes == over_http.content
    assert f"time zone {zone}" in run("volume", "--tz", zone).output
    for wrong in (("--tz", "Mars/Olympus"), ("--bom",), ("--from", "2026-02-30"), ("--from", "yesterday")):
        assert run("volume", *wrong).exit_code == 2, wrong


def test_reports_are_listed_with_the_definitions_of_every_figure_they_have(running: RunningDesk) -> None:
    running.resolved()
    running.catch_up()
    listed = done(running.auditor.get("/reports"))["items"]
    assert {definition["report"] for definition in listed} >= {"volume", "attainment", "backlog", "retention"}
    for definition in listed:
        report = asked(running, definition["report"]).json()
        assert report["definitions_version"] == definition["definitions_version"]
        assert set(report["totals"]) == {figure["name"] for figure in definition["figures"]}, definition["report"]
    assert [definition["report"] for definition in listed] == [*REPORTS, "retention"]


def test_a_report_is_broken_down_by_two_at_once(running: RunningDesk) -> None:
    running.resolved()
    running.resolved()
    running.log(service="email")
    running.catch_up()
    report = asked(running, by="team,service").json()
    assert [(row["team"], row["service"], row["cases"]) for row in report["rows"]] == [
        ("network", "printing", 2),
        (None, "email", 1),
    ]
    months = asked(running, "resolve", by="month,priority", tz="UTC").json()["rows"]
    assert [(row["month"], row["priority"], row["resolved"]) for row in months] == [
        (f"{datetime.now(UTC):%Y-%m}", "3", 2)
    ]


def test_a_report_is_drawn_with_its_period_zone_and_position_and_says_the_same_in_words(running: RunningDesk) -> None:
    running.resolved()
    running.log()
    running.catch_up()
    given: dict[str, Any] = {"by": "team", "from": "2020-01-01", "tz": "Asia/Tokyo"}
    drawn = running.auditor.http.get("/reports/volume", params=given, headers={"accept": "image/svg+xml"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    position = asked(running).json()["position"]
    root = ET.fromstring(drawn.text)
    assert root.get("role") == "img"
    title, told = (root.findtext(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("title", "desc"))
    assert title == "volume by team"
    for said in ("2020-01-01 00:00", "time zone Asia/Tokyo", f"position {position}", "network 1", "none 1", "In cases"):
        assert said in (told or "")
    assert asked(running, format="svg", by="team", tz="Asia/Tokyo", **{"from": "2020-01-01"}).content == drawn.content
    assert asked(running, format="png", by="month").content.startswith(b"\x89PNG")
    for report in REPORTS:
        for by in (None, "month", "team,month", "service,priority"):
            ET.fromstring(asked(running, report, format="svg", **({"by": by} if by else {})).text)


def test_the_command_line_lists_and_draws(running: RunningDesk, database: TestDatabase, tmp_path: Path) -> None:
    running.log()
    running.catch_up()

    def run(*arguments: str) -> Result:
        where = ("--database-url", database.superuser, "--data-dir", str(tmp_path))
        return CliRunner().invoke(app, ["report", *arguments, *where])

    assert json.loads(run("--list", "--format", "json").output) == done(running.auditor.get("/reports"))
    assert "first_contact_rate" in run("--list").output
    for name in ("a.svg", "a.png"):
        assert run("volume", "--by", "team,month", "--chart", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    for wrong in (
        ("--chart", "a.pdf"),
        ("--by", "shoe"),
        ("--by", "team,team"),
        ("--chart", str(tmp_path / "no" / "a.svg")),
    ):
        assert run("volume", *wrong).exit_code == 2, wrong
    assert run().exit_code == 2
