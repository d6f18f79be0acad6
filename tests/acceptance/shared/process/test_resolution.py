"""SOP 5.8: the team resolves once the customer has verified, or could not be reached often enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, refused
from tests.acceptance.travelling import (
    assigned,
    back_to_monday,
    history,
    in_diagnosis,
    last,
    logged,
    moment,
    on_monday,
    parsed,
    read,
    resolve,
    topics,
    travel,
)
from tests.conftest import TestDatabase

NO = {"satisfactory": False, "able_to_work": False, "method": "phone"}
UNREACHABLE = {**NO, "outcome": "unreachable"}


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    with on_monday(shared_database, keys) as desk:
        yield desk


@pytest.fixture(scope="module")
def intake(running: RunningDesk) -> Caller:
    return running.caller(Role.INTAKE, "monitoring")


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


def attempt(desk: RunningDesk, number: str, method: str = "phone", **more: Any) -> None:
    done(desk.network.post(f"/cases/{number}/verify", {**UNREACHABLE, "method": method, **more}))


def unresolvable(desk: RunningDesk, number: str) -> None:
    before = history(desk, number)
    refused(desk.network.post(f"/cases/{number}/resolve", FIXED), 409, "verification-required")
    assert history(desk, number) == before


def alert(desk: RunningDesk, intake: Caller) -> str:
    """An alert that nobody reported, with the network team."""
    number = logged(desk, by=intake, channel="monitoring", customer={"name": "probe 7"})
    done(desk.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(desk.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    done(desk.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "port down"}))
    return number


# 5.8a, 5.8b


def test_r_5_8a_a_verification_says_who_heard_it_how_and_when(running: RunningDesk) -> None:
    number = assigned(running)
    unresolvable(running, number)
    travel(running, minutes=10)
    done(running.network.post(f"/cases/{number}/verify", {**VERIFIED, "at": moment(running, minutes=3)}))
    event = last(running, number, "verified")
    assert (event["data"]["satisfactory"], event["data"]["able_to_work"], event["data"]["method"]) == (
        True, True, "phone",
    )  # fmt: skip
    assert parsed(event["data"]["at"]) == running.clock.now() - timedelta(minutes=3)
    assert event["by"] == {"subject": "t.lee", "role": "team_member", "team": "network"}
    case = done(running.network.post(f"/cases/{number}/resolve", FIXED))
    assert (case["status"], case["resolution"]["code"]) == ("resolved", "fixed")
    assert last(running, number, "resolved")["data"]["verifier"] == "customer"


def test_r_5_8a_work_after_the_verification_makes_it_old_and_a_note_does_not(running: RunningDesk) -> None:
    number = assigned(running)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    travel(running, minutes=1)
    done(running.network.post(f"/cases/{number}/diagnose", {"symptoms": "s", "findings": "and the cable"}))
    unresolvable(running, number)
    travel(running, minutes=1)
    done(running.network.post(f"/cases/{number}/verify", {**VERIFIED, "at": moment(running, minutes=2)}))
    unresolvable(running, number)  # he said so before the cable was changed
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    done(running.network.post(f"/cases/{number}/notes", {"text": "thanks all round"}))
    done(running.network.post(f"/cases/{number}/resolve", FIXED))


def test_r_5_8a_only_the_team_that_has_the_case_resolves_it(running: RunningDesk) -> None:
    number = assigned(running)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    refused(running.messaging.post(f"/cases/{number}/resolve", FIXED), 403, "not-assigned-team")
    refused(running.technician.post(f"/cases/{number}/resolve", FIXED), 409, "invalid-transition")
    refused(running.auditor.post(f"/cases/{number}/resolve", FIXED), 403, "forbidden")
    tomorrow = {**VERIFIED, "at": moment(running, days=-1)}
    refused(running.network.post(f"/cases/{number}/verify", tomorrow), 422, "validation-failed")


def test_r_5_8b_a_negative_verification_voids_a_positive_one_and_counts_as_a_failed_fix(running: RunningDesk) -> None:
    number = assigned(running)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    for count, failed in enumerate((NO, {**VERIFIED, "able_to_work": False}), start=1):
        travel(running, minutes=1)
        case = done(running.network.post(f"/cases/{number}/verify", failed))
        assert (case["failed_fixes"], case["status"], case["team"]) == (count, "assigned", "network")
        unresolvable(running, number)
    travel(running, minutes=1)
    assert resolve(running, number)["failed_fixes"] == 2


def test_r_5_8b_at_the_desk_a_failed_fix_counts_as_well(running: RunningDesk) -> None:
    number = in_diagnosis(running)
    assert done(running.technician.post(f"/cases/{number}/verify", NO))["failed_fixes"] == 1


# 5.8c


def test_r_5_8c_unreachable_takes_three_attempts_on_two_business_days_by_two_methods(running: RunningDesk) -> None:
    number = assigned(running)
    attempt(running, number)
    unresolvable(running, number)
    travel(running, hours=2)
    attempt(running, number, "email")
    unresolvable(running, number)
    travel(running, hours=22)
    attempt(running, number)
    case = done(running.network.post(f"/cases/{number}/resolve", FIXED))
    assert (case["status"], case["failed_fixes"]) == ("resolved", 0)
    assert last(running, number, "resolved")["data"]["verifier"] == "unreachable"  # so it is reported apart
    assert [e["data"]["outcome"] for e in history(running, number) if e["topic"] == "case.verified"] == [
        "unreachable"
    ] * 3


@pytest.mark.parametrize(
    "lacking", ["an attempt", "a method", "a day", "a business day", "the days of others", "work since"]
)
def test_r_5_8c_fewer_attempts_are_not_enough(running: RunningDesk, lacking: str) -> None:
    if lacking == "a business day":
        travel(running, days=4)  # from Friday to Sunday
    number = assigned(running)
    attempt(running, number)
    travel(running, hours=1 if lacking == "a day" else 24)
    attempt(running, number, "phone" if lacking == "a method" else "email")
    travel(running, hours=1 if lacking in ("a day", "the days of others") else 24)
    if lacking == "work since":
        done(running.network.post(f"/cases/{number}/diagnose", {"symptoms": "s", "findings": "the cable"}))
    if lacking == "the days of others":
        other = assigned(running)
        attempt(running, other)
    elif lacking != "an attempt":
        attempt(running, number)
    unresolvable(running, number)


def test_r_5_8c_attempts_said_to_lie_before_the_last_work_do_not_count(running: RunningDesk) -> None:
    number = assigned(running)
    for days, method in ((3, "phone"), (4, "email"), (5, "phone")):
        attempt(running, number, method, at=moment(running, days=days))
    unresolvable(running, number)


def test_r_5_8c_how_often_and_how_is_policy(running: RunningDesk) -> None:
    admin = running.caller(Role.ADMIN, "admin")
    once = {"verification_attempts": 1, "verification_days": 1, "verification_methods": 1}
    usual = {"verification_attempts": 3, "verification_days": 2, "verification_methods": 2}
    number = assigned(running)
    attempt(running, number)
    unresolvable(running, number)
    done(admin.post("/policy", {"changes": once, "reason": "trial"}))
    try:
        done(running.network.post(f"/cases/{number}/resolve", FIXED))
    finally:
        done(admin.post("/policy", {"changes": usual, "reason": "trial over"}))


def test_r_5_8c_the_unreachable_are_reported_apart(running: RunningDesk) -> None:
    def report() -> dict[str, Any]:
        running.catch_up()
        totals: dict[str, Any] = done(running.technician.get("/reports/outcomes"))["totals"]
        return totals

    before = report()
    resolve(running, assigned(running))
    number = assigned(running)
    for method in ("phone", "email", "phone"):
        attempt(running, number, method)
        travel(running, days=1)
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    after = report()
    assert after["resolved"] - before["resolved"] == 2
    assert after["unreachable"] - before["unreachable"] == 1


# 5.8d


@pytest.mark.parametrize("method", ["monitoring", "alert_recovery"])
def test_r_5_8d_the_recovery_of_an_alert_is_evidence_and_not_verification(
    running: RunningDesk, intake: Caller, method: str
) -> None:
    number = alert(running, intake)
    recovered = {**VERIFIED, "method": method}
    problem = refused(running.network.post(f"/cases/{number}/verify", recovered), 422, "unknown-reference")
    assert problem["errors"][0]["pointer"] == "/method"
    unresolvable(running, number)


def test_r_5_8d_the_services_owner_verifies_what_no_person_reported(running: RunningDesk, intake: Caller) -> None:
    number = alert(running, intake)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    assert last(running, number, "verified")["data"]["verifier"] == "owner"
    done(running.network.post(f"/cases/{number}/resolve", FIXED))
    assert last(running, number, "resolved")["data"]["verifier"] == "owner"


def test_r_5_8d_an_alert_with_a_person_to_call_is_verified_by_that_person(running: RunningDesk, intake: Caller) -> None:
    number = logged(running, by=intake, channel="monitoring")
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 2}))
    done(running.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "port down"}))
    resolve(running, number)
    assert last(running, number, "resolved")["data"]["verifier"] == "customer"


# 5.8e


@pytest.mark.parametrize("missing", ["code", "solution", "workaround", "cause_corrected"])
def test_r_5_8e_code_solution_workaround_and_cause_are_mandatory(running: RunningDesk, missing: str) -> None:
    number = assigned(running)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    body = {name: value for name, value in FIXED.items() if name != missing}
    problem = refused(running.network.post(f"/cases/{number}/resolve", body), 422, "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{missing}"]
    assert read(running, number)["status"] == "assigned"


@pytest.mark.parametrize(
    "body",
    [
        {**FIXED, "solution": ""},
        {**FIXED, "workaround": "no"},
        {**FIXED, "code": "referred"},
        {**FIXED, "code": "duplicate"},
        {**FIXED, "code": "not_recorded"},
        {**FIXED, "cause_corrected": "not_recorded"},
    ],
    ids=["nothing said", "no truth value", "referred", "duplicate", "not recorded", "cause not recorded"],
)
def test_r_5_8e_what_is_no_resolution_of_a_person_is_refused(running: RunningDesk, body: dict[str, Any]) -> None:
    number = assigned(running)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    refused(running.network.post(f"/cases/{number}/resolve", body), 422, "validation-failed")
    assert read(running, number)["status"] == "assigned"


@pytest.mark.parametrize("code", ["fixed", "workaround", "averted", "reclassified_request", "not_reproducible"])
def test_r_5_8e_each_code_is_on_the_record_with_its_solution(running: RunningDesk, code: str) -> None:
    number = assigned(running, nature="impending" if code == "averted" else "actual")
    body = {**FIXED, "code": code, "workaround": code == "workaround", "solution": f"said of {code}"}
    case = resolve(running, number, body)
    assert (case["resolution"]["code"], case["resolution"]["workaround"]) == (code, code == "workaround")
    assert last(running, number, "resolved")["data"]["solution"]["value"] == {"solution": f"said of {code}"}
    assert topics(running, number)[-1] == "resolved"
