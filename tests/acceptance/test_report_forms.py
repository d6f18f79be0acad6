"""Reports as files, and in time zones, by HTTP and by the command line (issue 12, field inputs 25 and 26)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
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
