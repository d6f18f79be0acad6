"""SOP 5.2: all that was said is logged, and when; what is missing is flagged; the clock runs from when it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, incident, refused
from tests.acceptance.office import administrator, ago, change_policy, prioritized
from tests.acceptance.travelling import MONDAY, history, last, logged, moment, on_monday, parsed, read, travel
from tests.conftest import TestDatabase

Positions = Callable[[], int]
DIAGNOSIS = {"symptoms": "queue full", "findings": "spooler"}
NOBODY: dict[str, Any] = {"name": "Somebody"}
"""A customer who left no way to reach him."""


@pytest.fixture
def monday(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    """A desk of a test's own whose clock stands still."""
    with on_monday(database, tmp_path) as desk:
        yield desk


@pytest.fixture(scope="module")
def intake(running: RunningDesk) -> Caller:
    """The mail gateway, or a monitoring tool."""
    return running.caller(Role.INTAKE, "mail.gateway")


def in_diagnosis(running: RunningDesk, **changes: Any) -> str:
    number = prioritized(running, **changes)
    done(running.technician.post(f"/cases/{number}/diagnose", DIAGNOSIS))
    return number


def test_r_5_2a_when_it_was_received_and_when_it_was_recorded_are_both_kept(running: RunningDesk) -> None:
    received = ago(hours=3)
    case = running.log(received_at=received)
    assert parsed(case["received_at"]) == parsed(received)
    (event,) = history(running, case["number"])
    assert parsed(event["data"]["received_at"]) == parsed(received)
    assert timedelta(hours=3) <= parsed(event["recorded_at"]) - parsed(received) < timedelta(hours=4)
    body = {"field": "received_at", "value": ago(hours=4), "reason": "x"}
    refused(running.technician.post(f"/cases/{case['number']}/correct", body), 422, "validation-failed")


def test_r_5_2a_it_is_never_received_after_it_was_recorded(running: RunningDesk, intake: Caller) -> None:
    for by in (running.technician, intake):
        ahead = ago(seconds=-60)  # the caller's clock runs ahead of ours
        case = done(by.post("/cases", {**incident(), "received_at": ahead}))
        (event,) = history(running, case["number"])
        assert parsed(event["data"]["received_at"]) <= parsed(event["recorded_at"])
        assert parsed(case["received_at"]) == parsed(event["data"]["received_at"])
        refused(by.post("/cases", {**incident(), "received_at": ago(minutes=-10)}), 422, "validation-failed")


def test_r_5_2a_dating_back_by_hand_is_bounded_and_needs_a_reason(
    running: RunningDesk, intake: Caller, positions: Positions
) -> None:
    late, too_late = {**incident(), "received_at": ago(hours=71)}, {**incident(), "received_at": ago(hours=73)}
    reason = {"reason": "the telephone system was down"}
    problem = refused(running.technician.post("/cases", late), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/reason"
    problem = refused(running.technician.post("/cases", {**too_late, **reason}), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/received_at"
    assert positions() == 0
    case = done(running.technician.post("/cases", {**late, **reason}))
    assert history(running, case["number"])[0]["reason"] == reason["reason"]
    done(
        intake.post("/cases", {**too_late, "channel": "email"})
    )  # nobody dates a mail back: it says itself when it came


@pytest.mark.parametrize(
    ("channel", "role"), [("email", "intake"), ("monitoring", "intake"), ("self_service", "customer")]
)
def test_r_5_2b_mail_self_service_and_monitoring_log_without_a_technician(
    running: RunningDesk, intake: Caller, channel: str, role: str
) -> None:
    by = intake if role == "intake" else running.caller(Role.CUSTOMER, "jo.field")
    case = done(by.post("/cases", {**incident(), "channel": channel}))
    assert (case["status"], case["technician"]) == ("logged", None)
    events = history(running, case["number"])
    assert [(event["topic"], event["by"]["role"]) for event in events] == [("case.logged", role)]


WHOLE: dict[str, Any] = {
    "customer": {"name": "Jo Field", "email": "jo.field@agency.example", "phone": "405-555-0001", "agency": "dot"},
    "symptoms": "jobs stay queued",
    "location": "floor 2",
    "asset": "p-17",
    "callback": "after 14:00",
}


def test_r_5_2c_all_relevant_information_is_kept_verbatim(running: RunningDesk) -> None:
    said = "  Nothing   comes out;\n\nthe queue is FULL.  "
    case = running.log(**WHOLE, description=said)
    assert (case["description"], case["missing"], case["incomplete"]) == (said, [], False)
    assert {
        **{name: case[name] for name in WHOLE},
        "customer": {name: value for name, value in case["customer"].items() if name != "id"},
    } == WHOLE
    assert read(running, case["number"]) == case


@pytest.mark.parametrize(
    ("missing", "without"),
    [
        ("contact", {"customer": {"name": "Jo Field", "agency": "dot"}}),
        ("agency", {"customer": {"name": "Jo Field", "phone": "405-555-0001"}}),
        ("service", {"service": None}),
        ("symptoms", {"symptoms": None}),
        ("location", {"location": None, "asset": None}),
        ("callback", {"callback": None}),
    ],
)
def test_r_5_2c_what_is_missing_is_named(running: RunningDesk, missing: str, without: dict[str, Any]) -> None:
    case = running.log(**{**WHOLE, **without})
    assert case["missing"] == [missing]
    assert case["incomplete"] is (missing == "contact")


def test_r_5_2c_an_incomplete_case_is_logged_and_not_resolvable_until_completed(
    running: RunningDesk, positions: Positions
) -> None:
    number = in_diagnosis(running, customer=NOBODY)
    assert read(running, number)["incomplete"] is True
    before = positions()
    told = refused(running.technician.post(f"/cases/{number}/resolve", FIXED), 409, "information-required")
    assert "contact" in told["detail"]
    assert positions() == before
    body = {"field": "phone", "value": "405-555-0001", "reason": "he called again"}
    completed = done(running.technician.post(f"/cases/{number}/correct", body))
    assert (completed["incomplete"], "contact" in completed["missing"]) == (False, False)
    assert done(running.technician.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"


def test_r_5_2c_an_incomplete_case_of_a_team_is_not_resolvable_either(running: RunningDesk) -> None:
    number = in_diagnosis(running, customer=NOBODY)
    done(running.technician.post(f"/cases/{number}/assign", {"team": "network"}))
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    refused(running.network.post(f"/cases/{number}/resolve", FIXED), 409, "information-required")
    done(running.network.post(f"/cases/{number}/waive", {"reason": "he stood in the door"}))
    assert done(running.network.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"


def test_r_5_2c_missing_information_is_waived_with_a_reason(running: RunningDesk, positions: Positions) -> None:
    number = in_diagnosis(running, customer=NOBODY)
    before = positions()
    for body in ({}, {"reason": ""}):
        refused(running.technician.post(f"/cases/{number}/waive", body), 422, "validation-failed")
    refused(running.messaging.post(f"/cases/{number}/waive", {"reason": "x"}), 403, "not-assigned-team")
    assert positions() == before
    waived = done(running.technician.post(f"/cases/{number}/waive", {"reason": "he stood at the counter"}))
    assert (waived["incomplete"], "contact" in waived["missing"]) == (False, True)
    event = last(running, number, "information_waived")
    assert (event["data"]["fields"], event["reason"]) == (["contact"], "he stood at the counter")
    refused(running.technician.post(f"/cases/{number}/waive", {"reason": "again"}), 409, "invalid-transition")
    assert done(running.technician.post(f"/cases/{number}/resolve", FIXED))["status"] == "resolved"


def test_r_5_2c_an_alert_that_nobody_reported_lacks_no_contact(running: RunningDesk, intake: Caller) -> None:
    alert = {**incident(), "channel": "monitoring", "customer": {"name": "node-exporter"}}
    case = done(intake.post("/cases", alert))
    assert (case["incomplete"], "contact" in case["missing"]) == (False, True)


def test_r_5_2d_a_correction_is_refused_once_the_case_is_closed(running: RunningDesk, positions: Positions) -> None:
    number = running.closed()
    before = positions()
    body = {"field": "subject", "value": "Another", "reason": "x"}
    refused(running.technician.post(f"/cases/{number}/correct", body), 409, "invalid-transition")
    assert positions() == before


def test_r_5_2e_the_response_clock_starts_when_the_contact_reached_the_desk(monday: RunningDesk) -> None:
    travel(monday, hours=2)  # 10:00 in Chicago
    number = logged(monday, received_at=moment(monday, hours=1))
    done(monday.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    travel(monday, hours=1)
    case = done(monday.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    received = MONDAY + timedelta(hours=1)
    assert parsed(case["received_at"]) == received
    assert parsed(case["respond_by"]) == received + timedelta(hours=2)
    assert parsed(case["resolve_by"]) == datetime(2026, 10, 6, 14, 0, tzinfo=UTC)  # 9 h of business: 09:00 on Tuesday


def test_r_5_2e_the_clock_of_a_contact_at_night_starts_in_the_morning(monday: RunningDesk) -> None:
    admin = administrator(monday)
    change_policy(admin, backdating_unexplained="PT24H")
    number = logged(monday, received_at=moment(monday, hours=12))  # Sunday, 20:00
    done(monday.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    case = done(monday.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    assert parsed(case["respond_by"]) == MONDAY + timedelta(hours=2)
    at_once = done(monday.technician.post(f"/cases/{number}/prioritize", {"impact": 1, "severity": 1}))
    assert parsed(at_once["respond_by"]) == MONDAY - timedelta(hours=12) + timedelta(minutes=15)
