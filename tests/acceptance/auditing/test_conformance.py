"""`caseledger conformance` and `GET /conformance`: what contradicts the SOP is found, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.execution.requests import Request
from domain.case.clauses.resolution import record_resolution
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.values import Actor, Role
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.imports.logs import LOG, SPREADSHEET, needs_data
from tests.conftest import DATA, TestDatabase


class Desk:
    """Runs the command line on a test's database."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.at = ("--database-url", database.superuser, "--data-dir", str(folder))
        SealerFolder(folder / "sealer").add_key(Ed25519PrivateKey.generate())

    def run(self, *command: str) -> Result:
        return CliRunner().invoke(app, [*command, *self.at])

    def conformance(self, *options: str, code: int = 1) -> Any:
        result = self.run("conformance", "--json", *options)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def desk(database: TestDatabase, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


@needs_data
def test_the_imported_log_shows_its_late_reopenings_and_those_of_closed_cases(desk: Desk) -> None:
    truth = json.loads((DATA / "servicenow" / "truth.json").read_text(encoding="utf-8"))
    assert desk.run("import", "servicenow", str(LOG), "--timezone", "UTC").exit_code == 0
    told = desk.conformance("--by", "clause,rule,month")
    assert told["checked"] == truth["incidents"]
    assert set(told["deviations"][0]) == {"clause", "rule", "case", "position", "at", "kind", "message"}
    broken = Counter(each["rule"] for each in told["deviations"] if each["kind"] == "broken")
    assert broken["reopened-within-72-hours"] == truth["reopen"]["reopen_transitions_after_3_days"] == 17
    assert broken["closed-stays-closed"] == truth["reopen"]["transitions_out_of_Closed"] == 5
    assert broken["closed-after-resolution"] == truth["never"]["incidents_never_Resolved"]
    assert told["by_clause"]["R-5.9d"] == {"broken": 17, "stated": 0, "not_recorded": 0}
    assert told["by_clause"]["R-5.9f"] == {"broken": 5, "stated": 0, "not_recorded": 0}
    missing = Counter(each["rule"] for each in told["deviations"] if each["kind"] == "not_recorded")
    entered = truth["event_clock"]["entering_Resolved_events"]
    assert missing["verified-before-resolution"] == missing["problem-where-the-cause-remains"] == entered
    assert missing["closed-with-the-customer"] == truth["incidents"] + 5
    assert sum(row["deviations"] for row in told["rows"]) == len(told["deviations"])
    assert told["checkpoint"]["covers_position"]
    assert desk.conformance("--as-of", "2016-01-01T00:00:00Z", code=0)["checked"] == 0
    only = desk.conformance("--kind", "broken", "--from", "2016-03-01", "--to", "2016-04-01")
    assert {each["at"][:7] for each in only["deviations"]} == {"2016-03"}
    assert only["deviations"] == [
        each
        for each in told["deviations"]
        if each["kind"] == "broken" and "2016-03-01T06" <= each["at"] < "2016-04-01T05"
    ]


def test_a_loaded_desk_shows_the_planted_deviations_and_no_other(desk: Desk) -> None:
    loaded = desk.run("demo", "load", "--cases", "1100", "--until", "2026-10-30", "--deviations", "22", "--json")
    assert loaded.exit_code == 0, loaded.output
    planted = json.loads(loaded.stdout)["deviations"]
    assert len(planted) == 22
    told = desk.conformance()
    found = [{name: each[name] for name in ("rule", "case", "position")} for each in told["deviations"]]
    assert sorted(found, key=str) == sorted(planted, key=str)
    assert told["fitness"]["fitting"] == told["checked"] - 22 == 1078
    text = desk.run("conformance")
    assert text.exit_code == 1
    assert "R-5.8a" in text.stdout
    assert "1100 histories checked" in text.stdout
    assert desk.run("verify").exit_code == 0


def test_a_model_of_ones_own_is_read_or_named_with_its_line(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("demo", "load", "--cases", "100", "--until", "2026-10-30").exit_code == 0
    assert desk.conformance(code=0)["deviations"] == []
    model = tmp_path / "ours.yaml"
    rule = "rules:\n  - rule: no-referral\n    clause: R-5.3b\n    says: Nobody refers.\n    template: absence\n    activation: "
    model.write_text(f"model: ours\n{rule}case.triaged\n", encoding="utf-8")
    told = desk.conformance("--model", str(model))
    assert (told["model"], {each["rule"] for each in told["deviations"]}) == ("ours", {"no-referral"})
    model.write_text(f"model: ours\n{rule}case.triages\n", encoding="utf-8")
    refused = desk.run("conformance", "--model", str(model))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "ours.yaml, line 7: there is no event or activity 'case.triages'; is it 'case.triaged'?" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--by", "team"),
        ("--tz", "Nowhere/Here"),
        ("--as-of", "yesterday"),
        ("--from", "2026-13-01"),
        ("--model", "none.yaml"),
    ],
)
def test_what_cannot_run_exits_2(desk: Desk, options: tuple[str, str]) -> None:
    assert desk.run("conformance", *options).exit_code == 2


@needs_data
def test_a_log_saved_by_a_spreadsheet_is_checked_like_any_other(desk: Desk) -> None:
    assert desk.run("import", "servicenow", str(SPREADSHEET), "--timezone", "UTC").exit_code in (0, 1)
    assert desk.conformance()["checked"] > 0


def test_staff_read_conformance_in_pages_as_of_one_position(running: RunningDesk) -> None:
    numbers = [running.log()["number"], running.resolved(), running.assigned()]
    running.catch_up()
    first = running.auditor.http.get("/conformance", params={"limit": 2})
    page = done(first)
    assert (page["checked"], page["deviations"]) == (2, [])
    assert page["fitness"]["rate"] == 1
    running.log()
    running.catch_up()
    rest = done(running.auditor.http.get(first.links["next"]["url"]))
    assert (rest["checked"], rest["next_cursor"], rest["position"]) == (1, None, page["position"])
    one = done(running.network.get("/conformance", case=numbers[1], by="clause,month"))
    assert (one["checked"], one["by"]) == (1, ["clause", "month"])
    assert done(running.auditor.get("/conformance", as_of="2020-01-01T00:00:00Z"))["checked"] == 0
    refused(running.auditor.get("/conformance", case="INC-9999999"), 404, "not-found")
    refused(running.auditor.get("/conformance", by="team"), 422, "validation-failed")
    customer = running.caller(Role.CUSTOMER, "c1")
    refused(customer.get("/conformance"), 403, "forbidden")


def test_a_deviation_on_the_record_is_named_with_its_clause_and_position(running: RunningDesk) -> None:
    number = running.assigned()
    case = running.office.records.case(number, Actor("r.audit", Role.AUDITOR))
    attempt = running.office.attempt(Request(Actor("t.lee", Role.TEAM_MEMBER, "network"), "test"))
    outcome = Resolution(ResolutionCode.REFERRED, workaround=False, cause_corrected=CauseCorrected.NOT_APPLICABLE)
    record_resolution(case, outcome, attempt.policy, attempt.provenance)
    running.office.save(case)
    running.catch_up()
    told = done(running.auditor.get("/conformance", case=number))
    assert {(each["clause"], each["case"], each["kind"]) for each in told["deviations"]} >= {
        ("R-5.3c", number, "broken")
    }
    assert {each["position"] for each in told["deviations"]} == {running.office.position}
