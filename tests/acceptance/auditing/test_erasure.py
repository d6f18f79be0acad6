"""Personal data, from the command line and over HTTP: erased, held, reported on (R-5.9f; audit.md, Personal data)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.administration.catalogue import OPERATOR
from domain.values import ErasureScope, Role
from tests import four_eyes
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.office import administrator, change_policy
from tests.acceptance.travelling import on_monday, travel
from tests.acceptance.travelling import resolved as resolved_on_monday
from tests.application.cases import log
from tests.blocking import open_desk
from tests.conftest import TestDatabase, grant_everybody

EMAIL = "jo.field@agency.example"
SAM = {"name": "Sam Reed", "email": "sam.reed@agency.example"}
HOLD = {"reason": "a claim"}
WHY = ("--reason", "he asked for it")
Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def approval(running: RunningDesk, tmp_path: Path) -> tuple[str, str]:
    """The option by which the auditor's own token approves."""
    return "--approval", token_file(running, tmp_path, Role.AUDITOR, "r.audit")


def token_file(desk: RunningDesk, folder: Path, role: Role, subject: str) -> str:
    file = folder / f"{subject}.token"
    file.write_text(desk.tokens.issue(role, subject, None, timedelta(hours=1)) + "\n")
    return str(file)


def approved(desk: RunningDesk, number: str, verb: str) -> None:
    """A hold, or its release, that the administrator requested and the auditor approved."""
    asked = administrator(desk).post(f"/cases/{number}/{verb}", HOLD)
    done(desk.auditor.post(f"{asked.headers['Location']}/approve", {}))


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
    running: RunningDesk, cli: Cli, approval: tuple[str, str]
) -> None:
    number, other = running.closed(), running.resolved()
    running.catch_up()
    reports = ("volume", "resolution", "reopenings", "outcomes")
    before = {name: done(running.auditor.get(f"/reports/{name}", by="team"))["totals"] for name in reports}
    had = running.technician.get(f"/cases/{number}")
    code, told = cli("erase", EMAIL, *WHY, *approval, "--json")
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


def test_r_7_1_a_hold_is_requested_by_one_and_approved_by_another_and_then_blocks_with_exit_1(
    running: RunningDesk, cli: Cli, positions: Callable[[], int], approval: tuple[str, str]
) -> None:
    admin, number = administrator(running), running.log()["number"]
    answer = admin.post(f"/cases/{number}/hold", HOLD)
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/approvals/hold:{number}")
    asked = done(answer)
    assert (asked["status"], asked["requested_by"], asked["approved_by"]) == ("requested", "root", None)
    assert done(running.technician.get(f"/cases/{number}"))["hold"] is None
    assert [item["number"] for item in done(running.auditor.get("/approvals"))["items"]] == [f"hold:{number}"]
    refused(admin.post(f"/cases/{number}/hold", HOLD), 409, "invalid-transition")
    before = positions()
    refused(admin.post(f"/approvals/hold:{number}/approve", {}), 403, "forbidden")
    refused(running.technician.post(f"/approvals/hold:{number}/approve", {}), 403, "forbidden")
    refused(running.auditor.post(f"/approvals/hold:{number}/withdraw", {}), 403, "forbidden")
    refused(running.auditor.post("/approvals/hold:INC-9999999/approve", {}), 404, "not-found")
    refused(running.auditor.post(f"/approvals/hold:{number}/approve", {}, match='"v9"'), 412, "stale-version")
    refused(admin.post(f"/cases/{number}/hold", {**HOLD, "approved_by": "r.audit"}), 422, "validation-failed")
    assert positions() == before
    told = done(running.auditor.post(f"/approvals/hold:{number}/approve", {}))
    assert (told["status"], told["approved_by"]) == ("done", "r.audit")
    assert done(running.technician.get(f"/cases/{number}"))["hold"]["approved_by"] == "r.audit"
    assert done(running.auditor.get("/approvals"))["items"] == []
    assert done(running.auditor.get(f"/approvals/hold:{number}"))["status"] == "done"
    refused(admin.post(f"/cases/{number}/hold", HOLD), 409, "invalid-transition")
    before = positions()
    code, told = cli("erase", EMAIL, *WHY)
    assert code == 1
    assert f"{number} is on legal hold" in told
    code, told = cli("erase", EMAIL, *WHY, *approval, "--json")
    assert (code, json.loads(told)["held"]) == (1, [number])
    assert positions() == before
    approved(running, number, "release-hold")
    assert cli("erase", EMAIL, *WHY, "--no-scrub", *approval)[0] == 0


def test_r_7_1_one_person_with_two_roles_does_not_approve_themselves(
    running: RunningDesk, positions: Callable[[], int]
) -> None:
    admin, number = administrator(running), running.log()["number"]
    done(admin.post(f"/cases/{number}/hold", HOLD))
    done(admin.post("/erasures", {"subject": EMAIL, "reason": "asked"}))
    both = running.caller(Role.AUDITOR, "root")
    before = positions()
    for item in done(running.auditor.get("/approvals"))["items"]:
        told = refused(both.post(f"/approvals/{item['number']}/approve", {}), 403, "forbidden")
        assert "Nobody approves what they requested themselves" in told["detail"]
    assert positions() == before


def test_r_7_1_an_erasure_requested_over_http_is_approved_there_and_carried_out_by_the_operator(
    running: RunningDesk, cli: Cli, positions: Callable[[], int]
) -> None:
    admin, case = administrator(running), running.log()
    for path, by in (("/erasures", running.technician), ("/erasures", running.auditor)):
        refused(by.post(path, {"subject": EMAIL, "reason": "asked"}), 403, "forbidden")
    refused(admin.post("/erasures", {"subject": "nobody", "reason": "asked"}), 404, "not-found")
    refused(admin.post("/erasures", {"subject": EMAIL}), 422, "validation-failed")
    answer = admin.post("/erasures", {"subject": EMAIL, "reason": "asked"}, key="once")
    again = admin.post("/erasures", {"subject": EMAIL, "reason": "asked"}, key="once")
    assert (answer.status_code, done(again)) == (202, done(answer))
    number = f"erase:{case['customer']['id']}"
    assert (done(answer)["number"], EMAIL in answer.text) == (number, False)
    before = positions()
    code, told = cli("erase", EMAIL, *WHY)
    assert (code, f"{number} is requested" in told, f"caseledger approve {number}" in told) == (1, True, True)
    assert positions() == before
    done(running.auditor.post(f"/approvals/{number}/approve", {}))
    assert done(running.technician.get(f"/cases/{case['number']}"))["erased"] is False
    assert cli("erase", EMAIL, *WHY, "--no-scrub")[0] == 0
    assert done(running.technician.get(f"/cases/{case['number']}"))["erased"] is True
    (*_, last) = done(running.auditor.get("/approvals", everything=True))["items"]
    assert (last["status"], last["approved_by"], last["requested_by"]) == ("done", "r.audit", "root")


def test_r_7_1_the_operator_alone_neither_holds_nor_erases(
    running: RunningDesk, cli: Cli, positions: Callable[[], int], tmp_path: Path
) -> None:
    number = running.log()["number"]
    running.catch_up()
    for command in (("erase", EMAIL, *WHY), ("hold", number, "--reason", "a claim")):
        code, told = cli(*command, "--json")
        assert (code, json.loads(told)["waiting"]["status"]) == (1, "requested")
        before = positions()
        assert cli(*command)[0] == 1
        assert positions() == before, "requested once"
        others = {"b.chen": Role.TECHNICIAN, "root": Role.ADMIN, "no.body": Role.AUDITOR}
        running.caller(Role.TECHNICIAN, "b.chen")
        administrator(running)
        before = positions()
        for subject, role in others.items():
            code, told = cli(*command, "--approval", token_file(running, tmp_path, role, subject))
            assert (code, "--approval" in told) == (2, True), told
        assert cli(*command, "--approval", str(tmp_path / "none"))[0] == 2
        assert positions() == before
    case = done(running.technician.get(f"/cases/{number}"))
    assert (case["hold"], case["erased"]) == (None, False)


def test_the_operator_holds_and_releases_from_the_command_line(
    running: RunningDesk, cli: Cli, approval: tuple[str, str]
) -> None:
    number = running.log()["number"]
    code, told = cli("hold", number, "--reason", "a claim", *approval, "--json")
    document = json.loads(told)
    assert (code, document["number"], document["status"]) == (0, f"hold:{number}", "done")
    assert (document["requested_by"], document["approved_by"]) == ("operator", "r.audit")
    assert cli("hold", number, "--reason", "again", *approval)[0] == 2
    assert cli("release-hold", number, "--reason", "settled")[0] == 1
    assert f"release-hold:{number}" in cli("approvals")[1]
    code, told = cli("approve", f"release-hold:{number}", *approval)
    assert (code, f"release-hold:{number} is approved" in told) == (0, True)
    assert done(running.technician.get(f"/cases/{number}"))["hold"] is None
    assert cli("release-hold", number, "--reason", "again", *approval)[0] == 2
    assert cli("hold", "INC-9999999", "--reason", "nobody", *approval)[0] == 2
    assert cli("hold", number, *approval)[0] == 2, "without a reason nothing is done"


def test_a_request_is_refused_or_withdrawn_from_the_command_line(
    running: RunningDesk, cli: Cli, approval: tuple[str, str]
) -> None:
    number = running.log()["number"]
    for command in (("refuse", f"hold:{number}", "--reason", "no claim", *approval), ("withdraw", f"hold:{number}")):
        assert cli("hold", number, "--reason", "a claim")[0] == 1
        assert cli(*command)[0] == 0
        assert cli(*command)[0] == 2
        assert json.loads(cli("approvals", "--json")[1]) == []
    (kept,) = json.loads(cli("approvals", "--all", "--json")[1])
    assert (kept["number"], kept["status"]) == (f"hold:{number}", "withdrawn")


def test_erasing_says_what_it_did_and_twice_that_nothing_was_left(
    running: RunningDesk, cli: Cli, positions: Callable[[], int], approval: tuple[str, str]
) -> None:
    case = running.log()
    subject = case["customer"]["id"]
    code, told = cli("erase", subject, *WHY, "--scope", "everything", *approval)
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
        (("nobody@agency.example", *WHY), "The desk never kept anything of nobody@agency.example"),
        (("deadbeef", *WHY), "The desk never kept anything of deadbeef"),
        ((EMAIL, *WHY, "--approved-by", "r.audit"), "No such option"),
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
    with open_desk(database, component="eraser") as desk:
        four_eyes.approve(
            desk, desk.personal_data.request_erasure(EMAIL, ErasureScope.CONTACT_AND_WORDS, "asked", OPERATOR)
        )
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

    approved(monday, second, "hold")
    held = retention(monday)
    assert (held["rows"][0]["held"], held["totals"]["cases_on_hold"]) == (True, 1)
    approved(monday, second, "release-hold")
    with open_desk(database, monday.clock, component="eraser") as eraser:
        four_eyes.erase(eraser, EMAIL, ErasureScope.CONTACT_AND_WORDS)
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
    asked.add("time_zone")
    assert (code, document.keys()) == (0, asked)
    assert (document["totals"]["subjects"], document["rows"]) == (1, [])
    assert "retention/1" in cli("report", "retention")[1]
    assert "by_kind.contact" in cli("report", "retention", "--format", "csv")[1]
    assert cli("report", "retention", "--as-of", "2026-01-01T00:00:00Z")[0] == 2
