"""SOP 5.7: linked cases follow a resolution only by an explicit fan-out, and every customer is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from application.administration.catalogue import OPERATOR
from domain.catalogue import Service, Team
from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, refused
from tests.acceptance.travelling import (
    REMAINS,
    WINDOW,
    assigned,
    back_to_monday,
    history,
    last,
    logged,
    mails,
    on_monday,
    parsed,
    read,
    resolve,
    topics,
    travel,
    words,
)
from tests.conftest import TestDatabase

DECLARATION: dict[str, Any] = {
    "owner": "t.lee",
    "communication_every_minutes": 30,
    "management_contact": "cio office, 405-555-0177",
}
ANNA, BEN, CLEO = (
    {"name": name, "email": f"{name.lower()}@agency.example", "agency": "dot"} for name in ("Anna", "Ben", "Cleo")
)


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    with on_monday(shared_database, keys) as desk:
        yield desk


@pytest.fixture(scope="module")
def manager(running: RunningDesk) -> Caller:
    return running.caller(Role.DUTY_MANAGER, "d.manager")


@pytest.fixture(scope="module")
def intake(running: RunningDesk) -> Caller:
    return running.caller(Role.INTAKE, "monitoring")


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


def reported(desk: RunningDesk, **changes: Any) -> str:
    """A case that says all that a resolution asks for."""
    return logged(desk, symptoms="nothing comes out", **changes)


def declared(desk: RunningDesk, *cases: str) -> str:
    number = assigned(desk)
    done(desk.network.post(f"/cases/{number}/declare-major", {**DECLARATION, "cases": list(cases)}))
    return number


def test_r_5_7d_linked_cases_follow_only_an_explicit_fan_out_and_each_customer_is_told(running: RunningDesk) -> None:
    parts = [reported(running, customer=customer) for customer in (ANNA, BEN)]
    number = declared(running, *parts)
    resolve(running, number, {**FIXED, "solution": "core switch replaced"})
    assert {read(running, part)["status"] for part in parts} == {"logged"}
    fanned = done(running.network.post(f"/cases/{number}/fan-out", {"reason": "all tested"}))
    assert fanned["number"] == number
    assert last(running, number, "fanned_out")["data"]["cases"] == parts
    for part in parts:
        case = read(running, part)
        assert (case["status"], case["resolution"]["code"]) == ("resolved", "fixed")
        assert case["resolution"]["solution"] == "core switch replaced"
        assert last(running, part, "resolved")["data"]["verifier"] == "parent"
    running.send_mail()
    for part, customer in zip(parts, (ANNA, BEN), strict=True):
        (mail,) = mails(running, part)
        assert (mail.recipients, "core switch replaced" in mail.text) == ((customer["email"],), True)


def test_r_5_7d_each_case_has_its_own_window(running: RunningDesk) -> None:
    parts = [reported(running, customer=customer) for customer in (ANNA, BEN)]
    number = declared(running, *parts)
    resolve(running, number)
    running.send_mail()
    travel(running, hours=2)
    done(running.network.post(f"/cases/{number}/fan-out", {"cases": parts}))
    running.send_mail()
    until = [parsed(read(running, each)["dispute_until"]) for each in (number, *parts)]
    assert until[1:] == [until[0] + timedelta(hours=2)] * 2
    done(running.technician.post(f"/cases/{parts[0]}/dispute", {"reason": "mine is down still"}))
    travel(running, WINDOW)
    running.close_elapsed()
    assert [read(running, each)["status"] for each in (number, *parts)] == ["closed", "logged", "closed"]


def test_r_5_7d_the_cases_are_chosen_one_by_one_and_those_settled_are_left_alone(running: RunningDesk) -> None:
    one, two, three = (reported(running, customer=customer) for customer in (ANNA, BEN, CLEO))
    number = declared(running, one, two)
    done(running.network.post(f"/cases/{number}/relate", {"case": three, "kind": "related"}))
    resolve(running, number)
    done(running.network.post(f"/cases/{number}/fan-out", {"cases": [two]}))
    assert [read(running, each)["status"] for each in (one, two, three)] == ["logged", "resolved", "logged"]
    before = history(running, two)
    done(running.network.post(f"/cases/{number}/fan-out", {}))
    assert [read(running, each)["status"] for each in (one, two, three)] == ["resolved"] * 3
    assert history(running, two) == before
    refused(running.network.post(f"/cases/{number}/fan-out", {}), 422, "contradicts-record")  # nothing is left


@pytest.mark.parametrize("why", ["unresolved", "not linked", "another team"])
def test_r_5_7d_a_fan_out_that_may_not_be_changes_nothing(running: RunningDesk, why: str) -> None:
    part, number = reported(running, customer=ANNA), assigned(running)
    done(running.network.post(f"/cases/{number}/declare-major", DECLARATION))
    if why != "not linked":
        done(running.network.post(f"/cases/{number}/relate", {"case": part, "kind": "related"}))
    if why != "unresolved":
        resolve(running, number)
    by, status, slug = running.network, 409, "invalid-transition"
    if why == "another team":
        by, status, slug = running.messaging, 403, "not-assigned-team"
    refused(by.post(f"/cases/{number}/fan-out", {"cases": [part]}), status, slug)
    assert read(running, part)["status"] == "logged"


def test_r_5_7d_what_went_elsewhere_is_no_resolution_to_follow(running: RunningDesk) -> None:
    """A case resolved into another, or referred, has nothing that others could be told was done."""
    first, other = assigned(running), reported(running, customer=ANNA)
    number = assigned(running)
    done(running.technician.post(f"/cases/{number}/relate", {"case": other, "kind": "related"}))
    done(running.technician.post(f"/cases/{number}/relate", {"case": first, "kind": "duplicate"}))
    refused(running.network.post(f"/cases/{number}/fan-out", {}), 409, "invalid-transition")
    assert read(running, other)["status"] == "logged"


def test_r_5_7d_cases_fanned_out_to_join_the_problem_of_the_first(running: RunningDesk) -> None:
    part = reported(running, customer=ANNA)
    number = declared(running, part)
    problem = resolve(running, number, REMAINS)["problem"]
    done(running.network.post(f"/cases/{number}/fan-out", {}))
    assert read(running, part)["problem"] == problem
    assert done(running.technician.get(f"/problems/{problem}"))["incidents"] == [number, part]


def test_r_5_7d_an_alert_without_a_person_is_told_to_the_services_owner(running: RunningDesk, intake: Caller) -> None:
    contact = {"name": "T. Lee", "email": "t.lee@desk.example"}
    running.office.catalogue.put("teams", Team("network", "Network"), {}, OPERATOR)
    running.office.catalogue.put(
        "services", Service("printing", "Printing", "network", owner="t.lee"), contact, OPERATOR
    )
    alert = reported(running, by=intake, channel="monitoring", customer={"name": "probe 7"})
    number = declared(running, alert)
    resolve(running, number)
    done(running.network.post(f"/cases/{number}/fan-out", {}))
    running.send_mail()
    assert [mail.recipients for mail in mails(running, alert)] == [("t.lee@desk.example",)]


# every way to resolve passes the same checks


def refusals(answer: list[dict[str, Any]]) -> dict[str, str]:
    """The type of what kept each case from following, by its number."""
    given = {each["case"]: each["type"].rpartition("/")[2] for each in answer if each["outcome"] == "refused"}
    assert all(each["reason"] for each in answer if each["outcome"] == "refused")
    return given


def test_r_5_7d_what_fails_a_check_of_resolve_is_named_and_the_others_go_through(running: RunningDesk) -> None:
    same = words()
    logged(running, **same)
    fit = reported(running, customer=ANNA)
    unfit = {
        logged(running, customer=BEN): "diagnosis-required",  # R-5.5c
        reported(running, customer=BEN, service=None): "service-required",  # R-4.1b
        reported(running, customer={"name": "Nobody"}): "information-required",  # R-5.2c
        reported(running, **same): "duplicate-decision-required",  # R-5.6b
    }
    number = declared(running, fit, *unfit)
    resolve(running, number)
    running.catch_up()
    first = running.network.post(f"/cases/{number}/fan-out", {"reason": "all tested"}, key=f"fan-{number}")
    answer = done(first)["fan_out"]
    assert [each["case"] for each in answer if each["outcome"] == "resolved"] == [fit]
    assert refusals(answer) == unfit
    again = running.network.post(f"/cases/{number}/fan-out", {"reason": "all tested"}, key=f"fan-{number}")
    assert done(again) == done(first)
    event = last(running, number, "fanned_out")
    assert (event["reason"], event["data"]["cases"]) == ("all tested", [fit])
    assert {each["case"]: each["rule"] for each in event["data"]["refused"]} == unfit
    assert read(running, fit)["status"] == "resolved"
    for case in unfit:
        assert (read(running, case)["status"], topics(running, case)[-1]) == ("logged", "linked")
    problem = refused(running.network.post(f"/cases/{number}/fan-out", {}), 409, "diagnosis-required")
    assert refusals(problem["cases"]) == unfit
    case = next(iter(unfit))
    done(running.technician.post(f"/cases/{case}/correct", {"field": "symptoms", "value": "dead", "reason": "asked"}))
    assert [
        each["outcome"] for each in done(running.network.post(f"/cases/{number}/fan-out", {"cases": [case]}))["fan_out"]
    ] == ["resolved"]


def test_r_5_7d_two_cases_of_one_major_incident_need_no_decision_on_each_other(running: RunningDesk) -> None:
    same = words()
    parts = [reported(running, **same, customer=customer) for customer in (ANNA, BEN)]
    number = declared(running, *parts)
    resolve(running, number)
    running.catch_up()
    answer = done(running.network.post(f"/cases/{number}/fan-out", {}))["fan_out"]
    assert answer == [{"case": part, "outcome": "resolved"} for part in parts]


def test_r_4_2a_only_what_has_not_happened_is_averted_with_the_others(running: RunningDesk) -> None:
    happened, averted = reported(running, customer=ANNA), reported(running, customer=BEN, nature="impending")
    number = assigned(running, nature="impending")
    done(running.network.post(f"/cases/{number}/declare-major", {**DECLARATION, "cases": [happened, averted]}))
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    body = {"code": "averted", "solution": "moved", "workaround": False, "cause_corrected": "yes"}
    done(running.network.post(f"/cases/{number}/resolve", body))
    answer = done(running.network.post(f"/cases/{number}/fan-out", {}))["fan_out"]
    assert refusals(answer) == {happened: "contradicts-record"}
    assert [read(running, each)["status"] for each in (happened, averted)] == ["logged", "resolved"]


def test_r_5_6c_a_duplicate_follows_its_first_case_through_a_fan_out(running: RunningDesk) -> None:
    part, twin = reported(running, customer=ANNA), reported(running, customer=ANNA)
    done(running.technician.post(f"/cases/{twin}/relate", {"case": part, "kind": "duplicate"}))
    number = declared(running, part, twin)
    resolve(running, number)
    for _ in range(2):
        answer = done(running.network.post(f"/cases/{number}/fan-out", {}))["fan_out"]
        assert answer == [{"case": part, "outcome": "resolved"}], "its duplicate goes with it"
        assert [read(running, each)["status"] for each in (part, twin)] == ["resolved"] * 2
        done(running.technician.post(f"/cases/{part}/dispute", {"reason": "not here"}))
        assert [read(running, each)["status"] for each in (part, twin)] == ["logged"] * 2
    problem = refused(running.network.post(f"/cases/{number}/fan-out", {"cases": [twin]}), 409, "invalid-transition")
    assert part in problem["detail"]
