"""`caseledger replay`, and `rebuild --shadow`: what the events alone say, read as the auditor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.cli.console import out
from api.cli.main import app
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.application.cases import log
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase

Command = Callable[..., Result]


@pytest.fixture
def command(database: TestDatabase, tmp_path: Path) -> Command:
    """Runs a command on the test's database, each component in its own role."""

    def run(*arguments: str) -> Result:
        at = ["--database-url", database.superuser, "--data-dir", str(tmp_path)]
        result = CliRunner().invoke(app, [*arguments, *at])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def test_a_case_is_replayed_to_what_it_is_with_its_history(running: RunningDesk, command: Command) -> None:
    number = running.resolved()
    replayed = document(command("replay", number, "--json"))
    assert replayed["state"] == done(running.auditor.get(f"/cases/{number}"))
    assert replayed["history"] == done(running.auditor.get(f"/cases/{number}/history"))["items"]
    last = replayed["history"][-1]
    assert (replayed["case"], replayed["as_of"]) == (number, None)
    assert (replayed["version"], replayed["position"]) == (last["version"], last["position"])


def test_a_case_is_replayed_to_any_version_position_and_moment(running: RunningDesk, command: Command) -> None:
    number = running.assigned()
    running.log()
    for event in done(running.auditor.get(f"/cases/{number}/history"))["items"]:
        by_version = document(command("replay", number, "--json", "--version", str(event["version"])))
        assert by_version["state"] == done(running.auditor.get(f"/cases/{number}", version=event["version"]))
        assert by_version["history"][-1] == event
        assert document(command("replay", number, "--json", "--position", str(event["position"]))) == by_version
        as_of = document(command("replay", number, "--json", "--as-of", event["recorded_at"]))
        assert as_of == {**by_version, "as_of": event["recorded_at"]}
    assert document(command("replay", number, "--json", "--position", "1000000"))["version"] == event["version"]


def test_a_problem_is_replayed_as_well(running: RunningDesk, command: Command) -> None:
    opened = {"service": "printing", "priority": 3, "title": "Spooler", "description": "stops"}
    number = done(running.technician.post("/problems", opened))["number"]
    done(running.technician.post(f"/problems/{number}/investigate", {"findings": "full disk"}))
    now = document(command("replay", number, "--json"))
    assert now["state"] == done(running.auditor.get(f"/problems/{number}"))
    assert [item["topic"] for item in now["history"]] == ["problem.opened", "problem.investigated"]
    before = document(command("replay", number, "--json", "--version", "1"))
    assert before["state"] == done(running.auditor.get(f"/problems/{number}", version=1))
    assert (before["state"]["status"], len(before["history"])) == ("open", 1)
    refused(running.auditor.get(f"/problems/{number}", version=3), 404, "not-found")


def test_people_read_it_in_tables_and_nobodys_words_command_their_terminal(
    running: RunningDesk, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 300)
    number = running.log(subject="[red]Toner[/red] \x1b]0;owned\x07")["number"]
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk", "reason": "a printer of ours"}))
    told = command("replay", number)
    assert told.exit_code == 0
    assert all(word in told.stdout for word in ("case.logged", "a.ortiz", "technician", "[red]Toner[/red]"))
    assert "\x1b]" not in told.stdout
    assert "\x07" not in told.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("INC-9999999",), "There is no case INC-9999999."),
        (("PRB-9999999",), "There is no problem PRB-9999999."),
        (("nonsense",), "There is no case nonsense."),
        (("{number}", "--as-of", "2016-04-20T00:00:00Z"), "{number} did not exist then."),
        (("{number}", "--position", "1"), "{number} did not exist then."),
        (("{number}", "--version", "2"), "{number} has no version 2."),
        (("{number}", "--version", "1", "--position", "1"), "{number} did not exist then."),
        (("{number}", "--as-of", "yesterday"), "yesterday is no RFC 3339 time"),
        (("{number}", "--as-of", "2016-04-20"), "2016-04-20 has no time zone; add Z or an offset"),
        (("{number}", "--as-of", "0001-01-01T00:00:00+14:00"), "0001-01-01T00:00:00+14:00 is no RFC 3339 time"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line(
    running: RunningDesk, command: Command, arguments: tuple[str, ...], why: str
) -> None:
    number = running.log()["number"]
    result = command("replay", *(argument.format(number=number) for argument in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.replace("\n", "") == f"caseledger: {why.format(number=number)}"


def test_an_event_that_cannot_be_read_is_named(desk: BlockingDesk, command: Command, database: TestDatabase) -> None:
    number = log(desk)
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state) "
            "SELECT originator_id, 2, 'case.unheard_of', '{}' FROM ledger.numbers WHERE number = %s",
            (number,),
        )
    result = command("replay", number)
    assert result.exit_code == 2
    assert "case.unheard_of version 2" in result.stderr.replace("\n", "")


def test_a_shadow_fold_says_which_row_of_which_case_was_edited(
    running: RunningDesk, command: Command, database: TestDatabase
) -> None:
    number = running.prioritized()
    running.catch_up()
    same = document(command("rebuild", "--shadow", "--json"))
    position = done(running.auditor.get("/queues"))["as_of_position"]
    assert {**same, "events": 0} == {
        "shadow": True, "position": position, "events": 0, "differences": {}, "findings": [],
    }  # fmt: skip
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute("UPDATE views.open_cases SET priority = 1 WHERE version = 3")
    result = command("rebuild", "--shadow")
    assert result.exit_code == 1
    told = result.stdout.replace("\n", " ")
    assert "open_cases: 2 rows differ from a fold of the events" in told
    for side in ("view", "fold"):
        assert f"): in the {side} only" in told
    assert f"open_cases {number} (case_id" in told
    findings = json.loads(command("rebuild", "--shadow", "--json").stdout)["findings"]
    assert [(finding["number"], finding["only_in"]) for finding in findings] == [(number, "fold"), (number, "view")]
