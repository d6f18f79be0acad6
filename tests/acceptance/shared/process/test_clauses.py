"""Clauses of the SOP that show only in a whole history: corrections, verification, problems, disputes, closing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, RunningDesk, done, incident, refused
from tests.conftest import TestDatabase

Positions = Callable[[], int]
NO = {"satisfactory": False, "able_to_work": False, "method": "phone"}
DIAGNOSIS = {"symptoms": "queue full", "findings": "spooler again"}


def ago(**interval: float) -> str:
    return (datetime.now(UTC) - timedelta(**interval)).isoformat()


def history(running: RunningDesk, number: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = done(running.auditor.get(f"/cases/{number}/history"))["items"]
    return items


def test_r_5_2d_a_correction_keeps_the_original_readable(running: RunningDesk) -> None:
    desk = running.technician
    number = running.log(subject="Printer on floor 2", description="Nothing comes out.")["number"]
    changes = (
        ("description", "Nothing comes out of it."),
        ("subject", "Printer on floor 3"),
        ("email", "jo@agency.example"),
        ("service", "email"),
    )
    for field, value in changes:
        corrected = done(desk.post(f"/cases/{number}/correct", {"field": field, "value": value, "reason": "misheard"}))
    assert (corrected["subject"], corrected["service"]) == ("Printer on floor 3", "email")
    assert corrected["description"] == "Nothing comes out of it."
    assert corrected["customer"]["email"] == "jo@agency.example"
    original = done(desk.get(f"/cases/{number}", version=1))
    assert (original["subject"], original["service"]) == ("Printer on floor 2", "printing")
    assert original["customer"]["email"] == "jo.field@agency.example"
    items = history(running, number)
    assert items[0]["data"]["words"]["value"]["description"] == "Nothing comes out."
    assert [item["topic"] for item in items] == ["case.logged", *["case.corrected"] * 4]
    assert {item["reason"] for item in items[1:]} == {"misheard"}
    assert items[4]["data"]["value"] == "email"
    after = items[-1]["position"]
    assert done(desk.get("/cases", after=after, service="email"))["items"][0]["subject"] == "Printer on floor 3"


def test_r_5_1a_the_channel_of_a_case_never_changes(running: RunningDesk, positions: Positions) -> None:
    number = running.log()["number"]
    body = {"field": "channel", "value": "email", "reason": "x"}
    refused(running.technician.post(f"/cases/{number}/correct", body), 422, "validation-failed")
    assert positions() == 1


def test_r_5_8a_a_team_cannot_resolve_without_verification(running: RunningDesk, positions: Positions) -> None:
    number = running.assigned()
    before = positions()
    refused(running.network.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")
    assert positions() == before
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    assert done(running.network.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("verify", NO),
        ("verify", {**NO, "satisfactory": True}),
        ("verify", {**NO, "able_to_work": True}),
        ("diagnose", DIAGNOSIS),
        ("assign", {"team": "network"}),
    ],
    ids=["no", "cannot work", "not satisfied", "diagnosed", "assigned anew"],
)
def test_r_5_8a_a_verification_older_than_the_last_work_does_not_count(
    running: RunningDesk, positions: Positions, verb: str, body: dict[str, Any]
) -> None:
    number = running.verified()
    done(running.network.post(f"/cases/{number}/{verb}", body))
    before = positions()
    refused(running.network.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")
    assert positions() == before
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))


def test_r_5_8a_a_verification_from_before_the_work_does_not_count_when_recorded_after_it(
    running: RunningDesk, positions: Positions
) -> None:
    team, number = running.network, running.assigned()
    done(team.post(f"/cases/{number}/verify", {**VERIFIED, "at": ago(hours=1)}))
    before = positions()
    refused(team.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")
    assert positions() == before
    # Nor does an old refusal in between make the work older than it is.
    done(team.post(f"/cases/{number}/verify", {**NO, "at": ago(hours=2)}))
    done(team.post(f"/cases/{number}/verify", {**VERIFIED, "at": ago(hours=1)}))
    refused(team.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")


def test_r_5_8c_nobody_reached_is_no_verification(running: RunningDesk) -> None:
    number = running.assigned()
    done(running.network.post(f"/cases/{number}/verify", {**VERIFIED, "outcome": "unreachable"}))
    refused(running.network.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")


def test_r_5_8b_a_negative_verification_is_counted_as_a_failed_fix(running: RunningDesk) -> None:
    number = running.assigned()
    assert done(running.network.post(f"/cases/{number}/verify", NO))["failed_fixes"] == 1
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "assigned"


@pytest.mark.parametrize("cause", ["no", "unknown"])
@pytest.mark.parametrize("code", ["fixed", "workaround"])
def test_r_5_8_1a_a_remaining_cause_opens_a_problem_in_the_same_transaction(
    running: RunningDesk, shared_database: TestDatabase, code: str, cause: str
) -> None:
    number = running.verified()
    body = {**FIXED, "code": code, "workaround": code == "workaround", "cause_corrected": cause}
    resolved = done(running.network.post(f"/cases/{number}/resolve", body))
    assert re.fullmatch(r"PRB-\d{7}", resolved["problem"])
    with psycopg.connect(shared_database.superuser) as connection:
        rows = connection.execute(
            "SELECT topic, xmin::text FROM ledger.stored_events ORDER BY notification_id DESC LIMIT 3"
        ).fetchall()
    assert {topic for topic, _ in rows} == {"problem.opened", "case.resolved", "message.queued"}
    assert len({transaction for _, transaction in rows}) == 1


def test_r_5_8_1a_a_known_problem_is_joined_and_an_unknown_one_refused(
    running: RunningDesk, positions: Positions
) -> None:
    team = running.network
    remaining: dict[str, Any] = {**FIXED, "cause_corrected": "no"}
    start = int(running.technician.post("/cases", incident()).headers["Position"])
    known = done(team.post(f"/cases/{running.verified()}/resolve", remaining))["problem"]
    number = running.verified()
    before = positions()
    unknown = {**remaining, "problem": "PRB-0000099"}
    refused(team.post(f"/cases/{number}/resolve", unknown), 409, "problem-link-required")
    assert positions() == before
    assert done(team.post(f"/cases/{number}/resolve", {**remaining, "problem": known}))["problem"] == known
    events = done(running.auditor.http.get("/events", params={"after": start, "limit": 1000}))["items"]
    topics = [event["topic"] for event in events]
    assert (topics.count("problem.opened"), topics.count("problem.incident_linked")) == (1, 1)


def test_r_5_9c_a_dispute_reopens_the_same_case_with_its_team_and_priority(running: RunningDesk) -> None:
    number = running.resolved()
    before = done(running.technician.get(f"/cases/{number}"))
    owner = running.caller(Role.CUSTOMER, before["customer"]["id"])
    body = {"reason": "it still does not print", "received_at": ago(minutes=5), "channel": "email"}
    disputed = done(owner.post(f"/cases/{number}/dispute", body))
    kept = ("number", "id", "priority", "team", "service", "received_at")
    assert {name: disputed[name] for name in kept} == {name: before[name] for name in kept}
    assert (disputed["status"], disputed["reopenings"], disputed["resolution"]) == ("assigned", 1, None)
    topics = [item["topic"] for item in history(running, number)[-2:]]
    assert topics == ["case.disputed", "case.reopened"]
    refused(running.network.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")
    after = history(running, number)[-1]["position"]
    assert done(owner.get("/cases", after=after, status="assigned"))["items"][0]["number"] == number


def test_r_5_5d_the_desk_closes_only_with_the_customers_recorded_word(
    running: RunningDesk, positions: Positions
) -> None:
    number = running.resolved()
    before = positions()
    refused(running.technician.post(f"/cases/{number}/close", {}), 409, "confirmation-required")
    tomorrow = {"confirmation": {"method": "phone", "by": "Jo Field", "at": ago(days=-1)}}
    refused(running.technician.post(f"/cases/{number}/close", tomorrow), 422, "validation-failed")
    assert positions() == before


def test_r_5_9f_a_closed_case_accepts_notes_and_a_later_contact_is_a_new_case(running: RunningDesk) -> None:
    number = running.closed()
    closed = done(running.technician.get(f"/cases/{number}"))
    noted = done(running.technician.post(f"/cases/{number}/notes", {"text": "the customer called to say thanks"}))
    changed = {name for name in closed if noted[name] != closed[name]}
    assert changed == {"version"}  # R-5.9e: neither status nor deadline
    owner = running.caller(Role.CUSTOMER, closed["customer"]["id"])
    for by in (running.technician, owner):
        new = done(by.post(f"/cases/{number}/follow-up", incident()))
        assert (new["follow_up_of"], new["status"]) == (number, "logged")
        assert new["number"] != number
        assert done(running.technician.get(f"/cases/{new['number']}"))["follow_up_of"] == number
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "closed"


def test_every_reason_given_is_kept(running: RunningDesk, subtests: pytest.Subtests) -> None:
    number = running.in_diagnosis()
    override = {"priority": 1, "reason": "printer of the governor"}
    decisions: list[tuple[str, dict[str, Any]]] = [
        ("prioritize", {"impact": 2, "severity": 2, "override": override, "reason": "asked by phone"}),
        ("pend", {"reason_code": "vendor", "note": "ticket 77", "reason": "no spare part"}),
        ("resume", {"reason": "the part came"}),
        ("diagnose", {**DIAGNOSIS, "reason": "second look"}),
        ("verify", {**VERIFIED, "reason": "called back"}),
        ("assign", {"team": "network", "reason": "theirs"}),
    ]
    for verb, body in decisions:
        with subtests.test(verb):
            before = len(history(running, number))
            done(running.technician.post(f"/cases/{number}/{verb}", body))
            said = str(history(running, number)[before:])
            given = (body["reason"], body.get("note", ""), body.get("override", {}).get("reason", ""))
            assert [words for words in given if words not in said] == []
