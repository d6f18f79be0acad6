"""SOP 2 and 6: the roles and what is theirs, who resolves and who closes, and that every case is somebody's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, incident, refused
from tests.acceptance.office import administrator, ago
from tests.acceptance.travelling import on_monday, read, travel
from tests.conftest import TestDatabase

Positions = Callable[[], int]
CONFIRMED = {"method": "phone", "by": "Jo Field"}


@pytest.fixture(scope="module")
def admin(running: RunningDesk) -> Caller:
    """The administrator."""
    return administrator(running)


@pytest.fixture
def monday(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """A desk of a test's own whose clock stands still."""
    with on_monday(database, tmp_path) as desk:
        yield desk


# R-2.1a


def test_r_2_1a_every_role_does_what_is_its_own_and_is_denied_the_rest(
    running: RunningDesk, admin: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    owner = running.log()["customer"]["id"]
    by = {
        "customer": running.caller(Role.CUSTOMER, owner),
        "technician": running.technician,
        "team_member": running.network,
        "duty_manager": running.caller(Role.DUTY_MANAGER, "d.manager"),
        "auditor": running.auditor,
        "reporter": running.caller(Role.REPORTER, "monthly.report"),
        "intake": running.caller(Role.INTAKE, "mail.gateway"),
        "admin": admin,
    }
    number = running.assigned()
    may: dict[str, Callable[[Caller], Any]] = {
        "customer": lambda who: who.post("/cases", {**incident(), "channel": "self_service"}),
        "technician": lambda who: who.post("/cases", incident()),
        "team_member": lambda who: who.post(f"/cases/{number}/accept", {}),
        "duty_manager": lambda who: who.get(f"/cases/{number}"),
        "auditor": lambda who: who.get(f"/cases/{number}/history"),
        "reporter": lambda who: who.get("/reports/volume"),
        "intake": lambda who: who.post("/cases", {**incident(), "channel": "monitoring"}),
        "admin": lambda who: who.get("/grants"),
    }
    may_not: dict[str, tuple[str, Any]] = {
        "customer": ("triage", {"owner": "desk"}),
        "technician": ("accept", {}),
        "team_member": ("triage", {"owner": "desk"}),
        "duty_manager": ("assign", {"team": "network"}),
        "auditor": ("correct", {"field": "asset", "value": "p-1", "reason": "x"}),
        "reporter": ("pend", {"reason_code": "vendor"}),
        "intake": ("notes", {"text": "x"}),
        "admin": ("prioritize", {"impact": 1, "severity": 1}),
    }
    assert may.keys() == may_not.keys() == {role.value for role in Role} - {"system", "external"}
    for role, act in may.items():
        with subtests.test(f"{role} may"):
            done(act(by[role]))
    before = positions()
    for role, (verb, body) in may_not.items():
        with subtests.test(f"{role} may not {verb}"):
            told = refused(by[role].post(f"/cases/{number}/{verb}", body), 403, "forbidden")
            assert f"you are {role}" in told["detail"]
    assert positions() == before, "a denied command appends nothing"


def test_r_2_1a_intake_reads_nothing_not_even_in_the_answer_to_what_it_may_do(
    running: RunningDesk, positions: Positions
) -> None:
    number, intake = running.resolved(), running.caller(Role.INTAKE, "mail.gateway")
    mail = {"text": "Thanks, but what about the other printer?"}
    before = positions()
    stale = intake.post(f"/cases/{number}/suspect-dispute", mail, match='"v1"')
    assert refused(stale, 412, "stale-version").keys() & {"events", "customer"} == set()
    assert positions() == before
    answer = done(intake.post(f"/cases/{number}/suspect-dispute", mail))
    assert answer == {name: read(running, number)[name] for name in ("number", "id", "version", "status")}


#


def test_r_6_2_the_team_resolves_and_closes_once_the_customer_accepted(
    running: RunningDesk, positions: Positions
) -> None:
    number = running.verified()
    refused(running.technician.post(f"/cases/{number}/resolve", FIXED), 409, "invalid-transition")
    refused(running.messaging.post(f"/cases/{number}/resolve", FIXED), 403, "not-assigned-team")
    assert done(running.network.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"
    before = positions()
    refused(running.network.post(f"/cases/{number}/close", {}), 409, "confirmation-required")
    accepted = {"confirmation": {**CONFIRMED, "at": ago(minutes=0)}}
    refused(running.messaging.post(f"/cases/{number}/close", accepted), 403, "not-assigned-team")
    assert positions() == before
    closed = done(running.network.post(f"/cases/{number}/close", accepted))
    assert closed["status"] == "closed"
    event = done(running.auditor.get(f"/cases/{number}/history"))["items"][-1]
    assert (event["by"]["subject"], event["data"]["confirmation"]["method"]) == ("t.lee", "phone")
    assert event["data"]["words"]["value"] == {"confirmed_by": "Jo Field"}


def test_r_6_2_the_customer_closes_by_accepting(running: RunningDesk) -> None:
    number = running.resolved()
    owner = running.caller(Role.CUSTOMER, read(running, number)["customer"]["id"])
    assert done(owner.post(f"/cases/{number}/close", {}))["status"] == "closed"


def test_r_6_2_the_right_to_dispute_survives_the_teams_closing_to_the_same_deadline(monday: RunningDesk) -> None:
    number = _assigned_on(monday)
    done(monday.network.post(f"/cases/{number}/verify", VERIFIED))
    done(monday.network.post(f"/cases/{number}/resolve", FIXED))
    accepted = {"confirmation": {**CONFIRMED, "at": monday.clock.now().isoformat()}}
    done(monday.network.post(f"/cases/{number}/close", accepted))
    monday.send_mail()
    until = monday.clock.now() + timedelta(hours=72)
    assert datetime.fromisoformat(read(monday, number)["dispute_until"]) == until
    travel(monday, hours=72)
    reopened = done(monday.technician.post(f"/cases/{number}/dispute", {"reason": "it came back"}))
    assert (reopened["number"], reopened["status"], reopened["team"]) == (number, "assigned", "network")
    done(monday.network.post(f"/cases/{number}/verify", VERIFIED))
    done(monday.network.post(f"/cases/{number}/resolve", FIXED))
    accepted["confirmation"]["at"] = monday.clock.now().isoformat()
    done(monday.network.post(f"/cases/{number}/close", accepted))
    monday.send_mail()
    travel(monday, hours=72, seconds=1)
    late = monday.technician.post(f"/cases/{number}/dispute", {"reason": "again"})
    assert refused(late, 409, "dispute-window-closed")["follow_up_of"] == number


def _assigned_on(desk: RunningDesk) -> str:
    body = {**incident(), "received_at": desk.clock.now().isoformat()}
    number: str = done(desk.technician.post("/cases", body))["number"]
    done(desk.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(desk.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    done(desk.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "the server"}))
    return number


# R-6b


def test_r_6b_every_open_case_stands_in_a_queue_and_nobody_owns_none(
    running: RunningDesk, shared_database: TestDatabase
) -> None:
    desk, team, number = running.technician, running.network, running.log()["number"]
    accepted = {"confirmation": dict(CONFIRMED)}
    steps: list[tuple[Caller, str, dict[str, Any], str | None]] = [
        (desk, "notes", {"text": "x"}, "triage"),
        (desk, "triage", {"owner": "desk"}, "prioritization"),
        (desk, "prioritize", {"impact": 2, "severity": 2}, "diagnosis"),
        (desk, "pend", {"reason_code": "vendor"}, "diagnosis"),
        (desk, "diagnose", {"symptoms": "s", "findings": "f"}, "diagnosis"),
        (desk, "resume", {}, "diagnosis"),
        (desk, "assign", {"team": "network"}, "network"),
        (team, "accept", {}, "network"),
        (team, "hand-back", {"reason": "not ours"}, "diagnosis"),
        (desk, "assign", {"team": "network"}, "network"),
        (team, "verify", VERIFIED, "network"),
        (team, "resolve", FIXED, "resolved"),
        (desk, "dispute", {"reason": "no"}, "network"),
        (team, "verify", VERIFIED, "network"),
        (team, "resolve", FIXED, "resolved"),
        (team, "close", accepted, None),
    ]
    for by, verb, body, queue in steps:
        accepted["confirmation"]["at"] = ago(minutes=0)  # he says so after the resolution
        after = int(by.post(f"/cases/{number}/{verb}", body).headers["Position"])
        listed = done(desk.get("/queues", after=after))["items"]
        found = [
            item["name"]
            for item in listed
            if item["name"] not in ("obligations", "unprioritized")
            and number in [case["number"] for case in done(desk.get(f"/queues/{item['name']}", limit=200))["items"]]
        ]
        assert found == ([queue] if queue else []), verb
        with psycopg.connect(shared_database.superuser) as connection:
            assert connection.execute("SELECT * FROM reporting.unowned_cases").fetchall() == [], verb


def test_r_6b_the_query_would_find_a_case_that_nobody_owns(running: RunningDesk, shared_database: TestDatabase) -> None:
    number = running.assigned()
    running.catch_up()
    with psycopg.connect(shared_database.superuser) as connection:
        for lost in ("queue = NULL", "team = NULL"):
            with connection.transaction(force_rollback=True):
                connection.execute(f"UPDATE views.open_cases SET {lost} WHERE number = %s", (number,))
                assert connection.execute("SELECT number FROM reporting.unowned_cases").fetchall() == [(number,)]


# R-6a


def test_r_6a_the_command_line_prints_the_table_the_server_is_held_to(
    running: RunningDesk, positions: Positions
) -> None:
    told = CliRunner().invoke(app, ["roles", "--json"])
    table = json.loads(told.stdout)
    rows = {row["command"]: row for row in table["commands"] if row["command"] != "resolve"}
    number = running.log()["number"]
    before = positions()
    auditor, paths = running.auditor, {"known_errors": "known-errors", "note": "notes", "attach": "attachments"}
    for command, row in rows.items():
        # What comes and goes by mail is the workers' own; whole persons are erased by `caseledger erase` only.
        if command in ("notify", "receive_message", "erase"):
            continue
        path = "/cases" if command == "log" else f"/cases/{number}/{paths.get(command, command.replace('_', '-'))}"
        given = {"auditor": auditor, "reporter": running.caller(Role.REPORTER, "monthly.report")}
        for role, by in given.items():
            if role not in (*row["roles"], *row["roles_of_the_team"]):
                refused(by.post(path, {}), 403, "forbidden")
    assert positions() <= before + 2  # the reporter's own grant
    assert set(table["reading"]) == {
        *("technician", "team_member", "duty_manager", "auditor", "reporter", "customer"),
    }
    office = {row["command"]: row["roles"] for row in table["others"]}
    assert office["grant"] == office["change_policy"] == office["list_entry"] == ["admin"]
