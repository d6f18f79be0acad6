"""Personal data, from the command line and over HTTP: erased, held, reported on (R-5.9f; audit.md, Personal data)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.main import open_desk
from application.catalogue import OPERATOR
from domain.values import ErasureScope, Role
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.office import administrator, change_policy
from tests.acceptance.travelling import on_monday, travel
from tests.acceptance.travelling import resolved as resolved_on_monday
from tests.application.cases import log
from tests.conftest import TestDatabase, grant_everybody

EMAIL = "jo.field@agency.example"
SAM = {"name": "Sam Reed", "email": "sam.reed@agency.example"}
HOLD = {"reason": "a claim", "approved_by": "r.audit"}
WHY = ("--reason", "he asked for it")
Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(database: TestDatabase, tmp_path: Path) -> Cli:
    """`caseledger` on the test's database; answers exit code and standard output."""

    def run(*arguments: str) -> tuple[int, str]:
        where = ("--database-url", database.superuser, "--data-dir", str(tmp_path))
        told = CliRunner().invoke(app, [*arguments, *where])
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        return told.exit_code, " ".join((told.stdout if told.exit_code == 0 else told.output).split())

    return run


def test_r_5_9f_a_closed_case_accepts_erasure_and_reads_counts_and_reports_as_before(
    running: RunningDesk, cli: Cli
) -> None:
    number, other = running.closed(), running.resolved()
    running.catch_up()
    reports = ("volume", "resolution", "reopenings", "outcomes")
    before = {name: done(running.auditor.get(f"/reports/{name}", by="team"))["totals"] for name in reports}
    had = running.technician.get(f"/cases/{number}")
    code, told = cli("erase", EMAIL, *WHY, "--json")
    assert code == 0
    document = json.loads(told)
    assert (document["cases"], document["views"], document["scrubbed"]) == ([number, other], "folded", True)
    after = {name: done(running.auditor.get(f"/reports/{name}", by="team"))["totals"] for name in reports}
    for totals in (before, after):
        totals["volume"].pop("events")  # the erasure is an event more
    assert after == before
    has = running.technician.get(f"/cases/{number}", headers={"If-None-Match": had.headers["ETag"]})
    assert (has.status_code, done(has)["erased"], done(has)["status"]) == (200, True, "closed")
    past = done(running.technician.get(f"/cases/{number}", version=had.json()["version"]))
    assert (past["version"], past["status"], past["subject"]) == (had.json()["version"], "closed", None)
    (*_, last) = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    assert (last["topic"], last["reason"]) == ("case.personal_data_erased", "he asked for it")
    listed = {item["number"]: item["subject"] for item in done(running.technician.get("/cases"))["items"]}
    assert listed == {number: None, other: None}
    assert done(running.technician.get("/search", q="printer"))["items"] == []


def test_a_hold_placed_over_http_blocks_with_exit_1_and_names_the_case_until_it_is_released(
    running: RunningDesk, cli: Cli, positions: Callable[[], int]
) -> None:
    admin, number = administrator(running), running.log()["number"]
    held = done(admin.post(f"/cases/{number}/hold", HOLD))
    assert held == {"number": number, "id": held["id"], "version": 2, "status": "logged"}
    assert done(running.technician.get(f"/cases/{number}"))["hold"]["approved_by"] == "r.audit"
    refused(admin.post(f"/cases/{number}/hold", HOLD), 409, "invalid-transition")
    refused(admin.post(f"/cases/{number}/release-hold", {**HOLD, "approved_by": "root"}), 422, "validation-failed")
    before = positions()
    code, told = cli("erase", EMAIL, *WHY)
    assert code == 1
    assert f"{number} is on legal hold" in told
    code, told = cli("erase", EMAIL, *WHY, "--json")
    assert (code, json.loads(told)["held"]) == (1, [number])
    assert positions() == before
    done(admin.post(f"/cases/{number}/release-hold", HOLD))
    assert cli("erase", EMAIL, *WHY, "--no-scrub")[0] == 0


def test_the_operator_holds_and_releases_from_the_command_line(running: RunningDesk, cli: Cli) -> None:
    number = running.log()["number"]
    code, told = cli("hold", number, "--reason", "a claim", "--json")
    document = json.loads(told)
    assert (code, document["number"], document["version"]) == (0, number, 2)
    assert document["hold"]["approved_by"] == "operator"
    assert cli("hold", number, "--reason", "again")[0] == 2
    code, told = cli("release-hold", number, "--reason", "settled", "--approved-by", "r.audit")
    assert (code, f"{number} is on hold no longer" in told) == (0, True)
    assert cli("release-hold", number, "--reason", "again")[0] == 2
    assert cli("hold", "INC-9999999", "--reason", "nobody")[0] == 2
    assert cli("hold", number)[0] == 2, "without a reason nothing is done"


def test_erasing_says_what_it_did_and_twice_that_nothing_was_left(
    running: RunningDesk, cli: Cli, positions: Callable[[], int]
) -> None:
    case = running.log()
    subject = case["customer"]["id"]
    code, told = cli("erase", subject, *WHY, "--scope", "everything")
    assert code == 0
    assert f"2 disclosures of {subject} erased in {case['number']} (position " in told
    before = positions()
    for given in (subject, EMAIL):
        code, told = cli("erase", given, *WHY)
        assert (code, f"nothing was left of {subject} to erase" in told) == (0, True)
    assert positions() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody@agency.example", *WHY), "nothing was ever kept of nobody@agency.example"),
        (("deadbeef", *WHY), "nothing was ever kept of deadbeef"),
        ((EMAIL, *WHY, "--approved-by", "d.manager"), "no grant of the role auditor is in force for d.manager"),
        ((EMAIL, *WHY, "--scope", "half"), "Invalid value"),
        ((EMAIL,), "Missing option"),
    ],
)
def test_what_cannot_be_erased_is_said_with_exit_2(
    running: RunningDesk, cli: Cli, positions: Callable[[], int], arguments: tuple[str, ...], says: str
) -> None:
    running.log()
    before = positions()
    code, told = cli("erase", *arguments)
    assert (code, says in told) == (2, True), told
    assert positions() == before


def test_without_a_projector_the_copies_are_gone_and_it_says_that_nobody_has_folded_it(
    database: TestDatabase, cli: Cli
) -> None:

    with open_desk(database) as desk:
        grant_everybody(desk)
        log(desk)
    code, told = cli("erase", EMAIL, *WHY, "--no-scrub", "--json")
    document = json.loads(told)
    assert (code, document["views"], document["scrubbed"]) == (0, "no projector", False)
    assert "--no-scrub" in document["why"]


# retention


@pytest.fixture
def monday(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    with on_monday(database, tmp_path) as running:
        yield running


def retention(desk: RunningDesk) -> dict[str, Any]:
    desk.catch_up()
    report: dict[str, Any] = done(desk.auditor.get("/reports/retention"))
    return report


def close(desk: RunningDesk, **changes: Any) -> str:
    """A case that its customer accepted."""
    number = resolved_on_monday(desk, **changes)
    at = desk.clock.now().isoformat()
    done(desk.technician.post(f"/cases/{number}/close", {"confirmation": {"method": "phone", "by": "he", "at": at}}))
    return number


def test_who_is_due_is_known_when_the_last_of_his_cases_was_closed_long_enough_ago(
    monday: RunningDesk, database: TestDatabase
) -> None:
    close(monday)
    travel(monday, days=300)
    ended = monday.clock.now()
    second = close(monday)
    close(monday, customer=SAM)
    monday.log(customer=SAM, received_at=monday.clock.now().isoformat())
    assert retention(monday)["rows"] == []
    travel(monday, days=3 * 365)
    assert retention(monday)["rows"] == [], "not a moment before its time is over"
    travel(monday, seconds=1)
    report = retention(monday)
    (due,) = report["rows"]  # Sam has a case that is open
    jo = done(monday.technician.get(f"/cases/{second}"))["customer"]["id"]
    assert (due["subject"], due["cases"], due["held"]) == (jo, 2, False)
    assert due["last_closed_at"] == ended.isoformat().replace("+00:00", "Z")
    totals = report["totals"]
    assert (totals["subjects"], totals["subjects_due"], totals["cases_on_hold"]) == (2, 1, 0)
    assert (totals["oldest_closed_at"], totals["retention_days"]) == (due["last_closed_at"], 3 * 365)
    assert totals["disclosures"] == sum(totals["by_kind"].values()) >= due["disclosures"] > 0

    admin = administrator(monday)
    done(admin.post(f"/cases/{second}/hold", HOLD))
    held = retention(monday)
    assert (held["rows"][0]["held"], held["totals"]["cases_on_hold"]) == (True, 1)
    done(admin.post(f"/cases/{second}/release-hold", HOLD))
    with open_desk(database, monday.clock, component="eraser") as eraser:
        eraser.erase(EMAIL, ErasureScope.CONTACT_AND_WORDS, "operator", "due", OPERATOR)
    assert retention(monday)["rows"] == []


def test_the_retention_period_is_the_policys(monday: RunningDesk) -> None:
    close(monday)
    travel(monday, days=31)
    assert retention(monday)["totals"]["subjects_due"] == 0
    change_policy(administrator(monday), retention="P30D")
    assert retention(monday)["totals"]["subjects_due"] == 1
    refused(
        administrator(monday).post("/policy", {"changes": {"retention": "PT1H"}, "reason": "x"}),
        422,
        "validation-failed",
    )


def test_who_only_wrote_a_mail_that_became_no_case_is_due_in_the_same_time(monday: RunningDesk) -> None:
    gateway = monday.caller(Role.INTAKE, "mail.gateway")
    raw = b"From: <someone@agency.example>\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n"
    done(gateway.http.post("/intake/email", content=raw, headers={"Content-Type": "message/rfc822"}))
    assert retention(monday)["rows"] == []
    travel(monday, days=4 * 365)
    (due,) = retention(monday)["rows"]
    assert (due["cases"], due["disclosures"], due["last_closed_at"], due["held"]) == (0, 1, None, False)


@pytest.mark.parametrize("role", list(Role))
def test_r_6a_staff_and_the_administrator_read_who_is_due(running: RunningDesk, role: Role) -> None:
    if role in (Role.SYSTEM, Role.EXTERNAL):
        return  # nobody signs in as these
    caller = running.caller(role, "somebody", "network" if role is Role.TEAM_MEMBER else None)
    answer = caller.get("/reports/retention")
    if role in (Role.CUSTOMER, Role.INTAKE):
        refused(answer, 403, "forbidden")
    else:
        assert done(answer)["definitions_version"] == "retention/1"


def test_the_retention_report_is_printed_as_the_others_are_and_is_of_now(running: RunningDesk, cli: Cli) -> None:
    running.log()
    running.catch_up()
    code, told = cli("report", "retention", "--format", "json")
    document = json.loads(told)
    asked = {"report", "definitions_version", "position", "from", "to", "as_of", "effective_at", "by", "totals", "rows"}
    assert (code, document.keys()) == (0, asked)
    assert (document["totals"]["subjects"], document["rows"]) == (1, [])
    assert "retention/1" in cli("report", "retention")[1]
    assert "by_kind.contact" in cli("report", "retention", "--format", "csv")[1]
    assert cli("report", "retention", "--as-of", "2026-01-01T00:00:00Z")[0] == 2
