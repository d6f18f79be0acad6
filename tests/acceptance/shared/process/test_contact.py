"""SOP 4.2, 5.1: whatever reaches the desk is one case, if it is an incident at all; by whichever channel, and once."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, Caller, RunningDesk, done, incident, refused
from tests.acceptance.office import ago, prioritized
from tests.acceptance.travelling import history, last, read
from tests.conftest import TestDatabase

Positions = Callable[[], int]
DIAGNOSIS = {"symptoms": "queue full", "findings": "spooler"}


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


# Clause 4.2


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
    assert refused(answer, 422, "contradicts-record")["errors"][0]["pointer"] == "/code"
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


# Clause 5.1


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
