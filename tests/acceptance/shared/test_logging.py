"""SOP 4.2, 5.1, 5.2: whatever reaches the desk is one case, with all that was said and when; and nothing is lost."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
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


def figures(running: RunningDesk, report: str) -> dict[str, Any]:
    running.catch_up()
    totals: dict[str, Any] = done(running.auditor.get(f"/reports/{report}"))["totals"]
    return totals


def in_diagnosis(running: RunningDesk, **changes: Any) -> str:
    number = prioritized(running, **changes)
    done(running.technician.post(f"/cases/{number}/diagnose", DIAGNOSIS))
    return number


#


def test_r_4_2a_an_impending_incident_that_happens_becomes_actual_by_an_event(running: RunningDesk) -> None:
    number = running.log(nature="impending")["number"]
    assert read(running, number)["nature"] == "impending"
    body = {"field": "nature", "value": "actual", "reason": "it stopped printing"}
    assert done(running.technician.post(f"/cases/{number}/correct", body))["nature"] == "actual"
    event = last(running, number, "corrected")
    assert (event["data"]["field"], event["data"]["value"], event["reason"]) == ("nature", "actual", body["reason"])
    assert done(running.auditor.get(f"/cases/{number}", version=1))["nature"] == "impending"


def test_r_4_2a_an_impending_incident_that_never_happened_is_averted(running: RunningDesk) -> None:
    before = figures(running, "outcomes")["resolved"]
    number = in_diagnosis(running, nature="impending")
    body = {**FIXED, "code": "averted", "solution": "disk replaced in time", "cause_corrected": "unknown"}
    averted = done(running.technician.post(f"/cases/{number}/resolve", body))
    assert (averted["resolution"]["code"], averted["nature"]) == ("averted", "impending")
    assert averted["problem"] is None, "what never happened has no cause that remains (R-5.8.1a)"
    assert figures(running, "outcomes")["resolved"] == before + 1


def test_r_4_2a_what_has_happened_is_not_averted(running: RunningDesk, positions: Positions) -> None:
    number = in_diagnosis(running, nature="actual")
    before = positions()
    answer = running.technician.post(f"/cases/{number}/resolve", {**FIXED, "code": "averted"})
    assert refused(answer, 422, "validation-failed")["errors"][0]["pointer"] == "/code"
    assert positions() == before


def test_r_4_2a_a_nature_is_actual_or_impending(running: RunningDesk, positions: Positions) -> None:
    for nature in ("imaginary", "", None):
        refused(running.technician.post("/cases", {**incident(), "nature": nature}), 422, "validation-failed")
    without = {name: value for name, value in incident().items() if name != "nature"}
    refused(running.technician.post("/cases", without), 422, "validation-failed")
    assert positions() == 0


def test_r_4_2b_one_incident_is_one_case_in_one_transaction(
    running: RunningDesk, shared_database: TestDatabase, positions: Positions
) -> None:
    case = running.log()
    assert positions() == 1
    with psycopg.connect(shared_database.superuser) as connection:
        row = connection.execute(
            "SELECT e.xmin::text = ALL (array_agg(d.xmin::text)) AND e.xmin::text = n.xmin::text "
            "FROM ledger.stored_events e JOIN vault.disclosures d USING (originator_id, originator_version) "
            "JOIN ledger.numbers n ON n.originator_id = e.originator_id "
            "WHERE e.originator_id = %s GROUP BY e.xmin::text, n.xmin::text",
            (case["id"],),
        ).fetchall()
    assert row == [(True,)]


def test_r_4_2b_a_number_is_never_given_again(running: RunningDesk) -> None:
    numbers = [running.log()["number"] for _ in range(3)]
    refused(running.technician.post("/cases", {**incident(), "received_at": ago(days=9)}), 422, "validation-failed")
    numbers.append(running.log()["number"])
    assert numbers == sorted(set(numbers))


def test_r_4_2c_what_is_no_incident_leaves_the_incident_figures(running: RunningDesk) -> None:
    def counted() -> tuple[int, int]:
        return figures(running, "resolution")["resolved"], figures(running, "outcomes")["resolved"]

    before, apart = counted(), figures(running, "outcomes")["reclassified"]
    number = in_diagnosis(running, subject="A second monitor, please")
    body = {**FIXED, "code": "reclassified_request", "cause_corrected": "unknown", "solution": "ordered"}
    resolved = done(running.technician.post(f"/cases/{number}/resolve", body))
    assert (resolved["status"], resolved["problem"]) == ("resolved", None)
    assert counted() == before
    assert figures(running, "outcomes")["reclassified"] == apart + 1
    fixed = in_diagnosis(running)
    done(running.technician.post(f"/cases/{fixed}/resolve", FIXED))
    assert counted() == (before[0] + 1, before[1] + 1), "a case that was fixed does count"


#


@pytest.mark.parametrize("channel", ["phone", "email", "self_service", "monitoring", "chat", "walk_in", "partner_desk"])
def test_r_5_1a_a_case_has_the_channel_it_came_through(running: RunningDesk, channel: str) -> None:
    case = running.log(channel=channel)
    assert case["channel"] == channel
    (event,) = history(running, case["number"])
    assert event["via"] == {"interface": "http", "channel": channel}


def test_r_5_1b_reporter_customer_and_who_logged_it_are_kept_apart(running: RunningDesk) -> None:
    reporter = {"name": "Al Reed", "email": "al.reed@agency.example", "phone": "405-555-0009", "agency": "dhs"}
    case = running.log(reporter=reporter)
    assert (case["customer"]["name"], case["customer"]["email"]) == ("Jo Field", "jo.field@agency.example")
    (event,) = history(running, case["number"])
    contact, said_by = event["data"]["contact"], event["data"]["reported_by"]
    assert contact["value"]["name"] == "Jo Field"
    assert said_by["value"] == reporter
    assert contact["subject"] == case["customer"]["id"] == event["data"]["customer"]
    assert said_by["subject"] not in (contact["subject"], "a.ortiz")
    assert event["by"]["subject"] == "a.ortiz"
    jo, al = (running.caller(Role.CUSTOMER, subject) for subject in (contact["subject"], said_by["subject"]))
    done(jo.get(f"/cases/{case['number']}"))
    refused(al.get(f"/cases/{case['number']}"), 404, "not-found")


def test_r_5_1b_a_customer_logs_his_own_case_whatever_name_he_writes(running: RunningDesk) -> None:
    al = running.caller(Role.CUSTOMER, "al.reed")
    case = done(al.post("/cases", {**incident(), "channel": "self_service"}))
    assert case["customer"]["id"] == "al.reed"
    same, other = running.log(), running.log(customer={"name": "Jo Field", "email": "JO.FIELD@agency.example "[:-1]})
    assert same["customer"]["id"] == other["customer"]["id"], "an address is one person's however it is written"


def test_r_5_1c_the_same_message_twice_is_one_case_and_the_second_answer_names_it(
    running: RunningDesk, intake: Caller, positions: Positions
) -> None:
    body = {**incident(), "channel": "email", "external_ref": "message-1@agency.example"}
    first = intake.post("/cases", body, key="message-1@agency.example")
    again = intake.post("/cases", body, key="message-1@agency.example")
    assert (again.status_code, done(again)) == (201, done(first))
    assert again.headers["location"] == first.headers["location"] == f"/cases/{done(first)['number']}"
    assert again.headers["idempotency-replayed"] == "true"
    assert positions() == 1


def test_r_5_1c_the_same_alert_from_many_threads_is_one_case(
    running: RunningDesk, intake: Caller, positions: Positions
) -> None:
    body, key = {**incident(), "channel": "monitoring", "external_ref": "alert/77"}, uuid.uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: done(intake.post("/cases", body, key=key))["number"], range(16)))
    assert len(set(numbers)) == 1
    assert positions() == 1


def test_r_5_1c_an_alert_with_the_fingerprint_of_another_is_shown_as_the_same(
    running: RunningDesk, intake: Caller
) -> None:
    alert = {"channel": "monitoring", "external_ref": f"alert/{uuid.uuid4().hex[:8]}"}
    first = done(intake.post("/cases", {**incident(), **alert, "subject": "Disk sda1 full"}))["number"]
    later = done(intake.post("/cases", {**incident(), **alert, "subject": "Disk sda1 is full"}))["number"]
    found = done(running.technician.get(f"/cases/{later}/candidates"))["items"]
    assert (found[0]["case"], found[0]["score"], found[0]["decision_required"]) == (first, 1.0, True)


def test_r_5_1d_what_came_in_is_kept_with_its_digest_before_it_is_acknowledged(
    intake: Caller, shared_database: TestDatabase
) -> None:
    said = "Nothing comes out: ¿por qué? \N{PRINTER}\r\n\t> quoted line\u2028" + "x" * 10_000
    case = done(intake.post("/cases", {**incident(), "channel": "email", "description": said}))
    with psycopg.connect(shared_database.superuser) as connection:
        kept = connection.execute(
            "SELECT digest, salt, value FROM vault.disclosures WHERE originator_id = %s", (case["id"],)
        ).fetchall()
    assert len(kept) == 2  # what was said, and by whom
    for digest, salt, value in kept:
        assert hashlib.sha256(bytes(salt) + value.encode()).digest() == bytes(digest)
    assert case["description"] == said


def test_r_5_1d_what_cannot_be_understood_is_not_acknowledged(
    intake: Caller, positions: Positions, subtests: pytest.Subtests
) -> None:
    """So whoever sends it still has it; the quarantine of mail and alerts takes over what he gives up."""
    for body in (b"", b"{", b"\xff\xfe", b'{"channel": "email"}', b"[" * 10_000):
        with subtests.test(str(body[:10])):
            assert intake.post("/cases", body).status_code in (400, 422)
    assert positions() == 0


#


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
    assert WHOLE == {
        **{name: case[name] for name in WHOLE},
        "customer": {name: value for name, value in case["customer"].items() if name != "id"},
    }
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
