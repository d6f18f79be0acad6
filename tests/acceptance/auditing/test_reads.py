"""Who reads whose words is recorded where the policy says so: beside the record, without words, and for a time."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.audit.reads import Reading, Readings, What
from application.processes.reads_retention import ReadsRetention
from domain.clock import SystemClock
from domain.policy import Policy, first_policy
from domain.values import Actor, Role
from infrastructure.views.reads import PostgresReads
from tests.acceptance.conftest import RunningDesk, done, refused
from tests.acceptance.office import change_policy, open_office, put
from tests.conftest import TestDatabase
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
WORDLESS = {
    "/audit/checkpoints",
    "/audit/checks/{check}",
    "/audit/reads",
    "/cases/{number}/candidates",
    "/cases/{number}/targets",
    "/conformance",
    "/events",
    "/filters",
    *("/grants", "/grants/{subject}", "/grants/{subject}/history", "/policy", "/policy/history"),
    *("/healthz", "/metrics", "/readyz", "/readyz/views", "/readyz/write"),
    *("/obligations", "/queues", "/reports", "/reports/retention", "/reports/scheduled", "/reports/{name}"),
    *("/tlog/checkpoint", "/tlog/{log}/checkpoint", "/tlog/{log}/{path}", "/tlog/{path}"),
    *("/webhooks", "/webhooks/{code}", "/webhooks/{code}/deliveries"),
    *(
        f"/{kind}{of}"
        for kind in ("help-desks", "scripts", "services", "sources", "teams")
        for of in ("", "/{code}", "/{code}/history")
    ),
    "/webhooks/{code}/history",
}
"""Answers without words that can be erased."""
OWN = {
    *("/demo/mail", "/demo/mail/{number}", "/disputes/{token}"),
    *("/self-service/cases/{token}", "/self-service/cases/{token}/attachments/{digest}"),
}
"""What customers read of their own, and the mails of a demonstration."""


@pytest.fixture
def recording(running: RunningDesk) -> RunningDesk:
    """A desk whose policy records reads."""
    change_policy(open_office(running), reads_recorded=True)
    return running


def reads_of(desk: RunningDesk, many: int, **given: Any) -> list[dict[str, Any]]:
    """The reads that were recorded, oldest first, once there are so many: they are kept in batches."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        found[:] = done(desk.auditor.get("/audit/reads", limit=200, **given))["items"]
        return len(found) >= many

    until(enough, lambda: found)
    return found[::-1]


def test_a_read_is_recorded_with_who_what_when_and_through_what(recording: RunningDesk) -> None:
    number = recording.in_diagnosis()
    recording.catch_up()
    technician, auditor = recording.technician, recording.auditor
    before = datetime.now(UTC)
    done(technician.get(f"/cases/{number}", version=2))
    done(technician.get(f"/cases/{number}"))
    done(recording.network.get(f"/cases/{number}/history"))
    done(auditor.get("/queues/diagnosis"))
    found = reads_of(recording, 3, about=number)
    assert [(each["reader"], each["what"], each["version"]) for each in found] == [
        ("a.ortiz", "case", 2),
        ("a.ortiz", "case", 4),
        ("t.lee", "history", None),
    ]
    history = done(auditor.get(f"/cases/{number}/history"))["items"]
    assert [each["position"] for each in found] == [history[1]["position"], *[history[3]["position"]] * 2]
    case = done(technician.get(f"/cases/{number}"))
    assert {each["customer"] for each in found} == {case["customer"]["id"]}
    assert {each["through"] for each in found} == {"http"}
    assert (found[2]["role"], found[2]["team"]) == ("team_member", "network")
    assert before <= datetime.fromisoformat(found[0]["read_at"]) <= datetime.now(UTC)
    (listed,) = reads_of(recording, 1, about="queue diagnosis")
    assert (listed["what"], listed["reader"], listed["customer"]) == ("list", "r.audit", None)
    assert listed["position"] >= history[3]["position"]
    assert len(reads_of(recording, 3, reader="a.ortiz", customer=case["customer"]["id"])) >= 3


def test_what_is_not_a_read_is_not_recorded(running: RunningDesk, recording: RunningDesk) -> None:
    number = recording.log()["number"]
    case = done(recording.technician.get(f"/cases/{number}"))
    etag = {"If-None-Match": f'"v{case["version"]}"'}
    assert recording.technician.get(f"/cases/{number}", headers=etag).status_code == 304
    customer = recording.caller(Role.CUSTOMER, case["customer"]["id"])
    done(customer.get(f"/cases/{number}"))
    refused(recording.caller(Role.CUSTOMER, "somebody").get(f"/cases/{number}"), 404, "not-found")
    done(recording.network.get(f"/cases/{number}"))  # the last: what was before it is kept with it
    found = reads_of(recording, 2, about=number)
    assert [each["reader"] for each in found] == ["a.ortiz", "t.lee"]
    text = recording.auditor.get("/audit/reads").text
    assert case["subject"] not in text
    assert "Jo Field" not in text


def test_nothing_is_recorded_unless_the_policy_says_so(running: RunningDesk) -> None:
    admin, number = open_office(running), running.log()["number"]
    done(running.technician.get(f"/cases/{number}"))
    assert done(running.auditor.get("/audit/reads")) == {
        **done(running.auditor.get("/audit/reads")),
        "items": [],
        "recorded": False,
    }
    change_policy(admin, reads_recorded=True)
    done(running.network.get(f"/cases/{number}"))
    assert {each["reader"] for each in reads_of(running, 1, about=number)} <= {"t.lee", "a.ortiz"}
    refused(admin.post("/policy", {"changes": {"reads_kept": "P29D"}, "reason": "x"}), 422, "validation-failed")


def test_only_auditors_see_who_read_what(recording: RunningDesk) -> None:
    for caller in (recording.technician, recording.caller(Role.ADMIN, "root"), recording.caller(Role.CUSTOMER, "jo")):
        refused(caller.get("/audit/reads"), 403, "forbidden")


def test_reads_are_written_as_csv_and_as_json_lines_and_in_pages(
    recording: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    number = recording.log()["number"]
    for _ in range(3):
        done(recording.technician.get(f"/cases/{number}"))
    reads_of(recording, 3, about=number)
    at = ("--database-url", database.superuser, "--data-dir", str(tmp_path), "--about", number)
    rows = list(csv.DictReader(io.StringIO(CliRunner().invoke(app, ["reads", *at]).stdout)))
    lines = [json.loads(line) for line in CliRunner().invoke(app, ["reads", "--json", *at]).stdout.splitlines()]
    assert [row["reader"] for row in rows] == [line["reader"] for line in lines] == ["a.ortiz"] * 3
    assert CliRunner().invoke(app, ["reads", *at, "--to", "2020-01-01T00:00:00Z"]).stdout.count("\n") == 1
    first = recording.auditor.get("/audit/reads", about=number, limit=2)
    rest = recording.auditor.http.get(first.links["next"]["url"])
    assert [len(done(answer)["items"]) for answer in (first, rest)] == [2, 1]


def test_reads_are_appended_kept_for_30_days_and_then_forgotten_by_policy(
    recording: RunningDesk, database: TestDatabase
) -> None:
    number = recording.log()["number"]
    done(recording.technician.get(f"/cases/{number}"))
    reads_of(recording, 1, about=number)
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        for statement in ("UPDATE vault.reads SET reader = 'x'", "DELETE FROM vault.reads", "TRUNCATE vault.reads"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                superuser.execute(statement)
        for role, statement in (("api", "DELETE FROM vault.reads"), ("processes", "SELECT reader FROM vault.reads")):
            with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):  # type: ignore[arg-type]
                connection.execute(statement)
        superuser.execute(
            "INSERT INTO vault.reads (read_at, reader, role, through, what, about)"
            " SELECT clock_timestamp() - d * interval '1 day', 'old', 'auditor', 'http', 'case', 'x' FROM unnest(ARRAY[365, 367]) d"
        )
    with recording.office.on_pool(database, "processes", PostgresReads) as kept:
        retention = ReadsRetention(recording.office.target, kept.target)
        assert recording.office.run(lambda _: retention.tend()) == 1
        assert recording.office.run(lambda _: retention.tend()) == 0
    assert len(reads_of(recording, 1, about="x")) == 1


class Refusing(PostgresReads):
    """A table that cannot be reached, until it can."""

    def __init__(self) -> None:  # no pool: nothing else is asked of it
        self.kept: list[Reading] = []
        self.reachable = False

    async def add(self, readings: list[Reading]) -> None:
        if not self.reachable:
            raise psycopg.OperationalError("gone")
        self.kept += readings


def test_the_policy_that_decides_is_at_least_as_new_as_the_read() -> None:
    """It was changed while the one before was looked up: what was read since then waits for the next look."""
    readings, kept = Readings(SystemClock()), Refusing()
    kept.reachable = True

    async def changed_meanwhile() -> Policy:
        before = first_policy()
        readings.note(Actor("a.ortiz", Role.TECHNICIAN), "http", What.CASE, "INC-0000002")
        return before

    async def recorded() -> Policy:
        return replace(first_policy(), reads_recorded=True)

    readings.note(Actor("a.ortiz", Role.TECHNICIAN), "http", What.CASE, "INC-0000001")
    assert asyncio.run(readings.flush(kept, changed_meanwhile)) == 0
    assert asyncio.run(readings.flush(kept, recorded)) == 1
    assert [each.about for each in kept.kept] == ["INC-0000002"]


def test_reads_wait_while_the_database_is_away_and_what_is_lost_is_counted() -> None:
    readings, kept = Readings(SystemClock()), Refusing()

    async def recorded() -> Policy:
        return replace(first_policy(), reads_recorded=True)

    for _ in range(Readings.MOST + 2):
        readings.note(Actor("a.ortiz", Role.TECHNICIAN), "http", What.CASE, "INC-0000001")
    assert readings.lost == 2
    with pytest.raises(psycopg.OperationalError):
        asyncio.run(readings.flush(kept, recorded))
    kept.reachable = True
    assert asyncio.run(readings.flush(kept, recorded)) == Readings.MOST
    assert len(kept.kept) == Readings.MOST


def test_every_answer_with_words_is_recorded(recording: RunningDesk, subtests: pytest.Subtests) -> None:
    """Each GET of the API either has no words that can be erased, or is asked here and recorded."""
    number, desk = recording.resolved(), recording.technician
    done(desk.http.post(f"/cases/{number}/attachments", params={"name": "a.txt"}, content=b"text"))
    problem = done(desk.post("/problems", {"title": "t", "description": "d"}))["number"]
    mail = b"From: Jo Field <jo.read@agency.example>\r\nTo: desk@example.org\r\nSubject: s\r\nMessage-ID: <r@x>\r\n\r\nw\r\n"
    gateway = recording.caller(Role.INTAKE, "gateway")
    taken = done(gateway.http.post("/intake/email", content=mail, headers={"Content-Type": "message/rfc822"}))
    file = done(desk.get(f"/cases/{number}"))["attachments"][0]["digest"]
    admin = recording.caller(Role.ADMIN, "root")
    customer = done(admin.get("/customers", email="jo.read@agency.example"))["items"][0]
    done(
        put(admin, f"/customers/{customer['id']}", {"contact": {"name": "Jo Read", "email": "jo.read@agency.example"}})
    )
    recording.catch_up()
    asked = {
        "/cases": ("/cases", "cases"),
        "/cases/{number}": (f"/cases/{number}", number),
        "/cases/{number}/alerts": (f"/cases/{number}/alerts", number),
        "/cases/{number}/attachments": (f"/cases/{number}/attachments", number),
        "/cases/{number}/attachments/{digest}": (f"/cases/{number}/attachments/{file}", number),
        "/cases/{number}/history": (f"/cases/{number}/history", number),
        "/cases/{number}/messages/{message}/raw": (
            f"/cases/{taken['case']}/messages/{taken['message']}/raw",
            taken["case"],
        ),
        "/queues/{name}": ("/queues/resolved", "queue resolved"),
        "/search": ("/search?q=printer", "search"),
        "/known-errors": ("/known-errors", "known errors"),
        "/problems": ("/problems", "problems"),
        "/problems/{number}": (f"/problems/{problem}", problem),
        "/quarantine": ("/quarantine", "quarantine"),
        "/quarantine/{message}": (f"/quarantine/{taken['message']}", taken["message"]),
        "/quarantine/{message}/raw": (f"/quarantine/{taken['message']}/raw", taken["message"]),
        "/customers": ("/customers?email=jo.read@agency.example", customer["id"]),
        "/customers/{code}": (f"/customers/{customer['id']}", customer["id"]),
        "/approvals": ("/approvals", "approvals"),
    }
    elsewhere = {
        "/audit/cases/{number}/bundle",
        "/customers/{code}/history",
        "/approvals/{number}",
    }
    listed = (ROOT / "tests" / "golden" / "operations.txt").read_text("utf-8").splitlines()
    paths = {line.split()[1] for line in listed if line.startswith("GET ")}
    assert paths - WORDLESS - OWN - elsewhere == asked.keys()
    for nth, (path, (address, _)) in enumerate(asked.items()):
        who = Role.ADMIN if path == "/approvals" else Role.TECHNICIAN
        assert recording.caller(who, f"reader-{nth}").http.get(address).is_success, path
    for nth, (path, (_, about)) in enumerate(asked.items()):
        with subtests.test(path):
            reads_of(recording, 1, about=about, reader=f"reader-{nth}")
