"""SOP 5.7: linked cases follow a resolution only by an explicit fan-out, and every customer is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from application.catalogue import OPERATOR
from domain.catalogue import Service, Team
from domain.values import Role
from tests.acceptance.conftest import FIXED, Caller, RunningDesk, done, refused
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
    travel,
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


def declared(desk: RunningDesk, *cases: str) -> str:
    number = assigned(desk)
    done(desk.network.post(f"/cases/{number}/declare-major", {**DECLARATION, "cases": list(cases)}))
    return number


def test_r_5_7d_linked_cases_follow_only_an_explicit_fan_out_and_each_customer_is_told(running: RunningDesk) -> None:
    parts = [logged(running, customer=customer) for customer in (ANNA, BEN)]
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
    parts = [logged(running, customer=customer) for customer in (ANNA, BEN)]
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
    one, two, three = (logged(running, customer=customer) for customer in (ANNA, BEN, CLEO))
    number = declared(running, one, two)
    done(running.network.post(f"/cases/{number}/relate", {"case": three, "kind": "related"}))
    resolve(running, number)
    done(running.network.post(f"/cases/{number}/fan-out", {"cases": [two]}))
    assert [read(running, each)["status"] for each in (one, two, three)] == ["logged", "resolved", "logged"]
    before = history(running, two)
    done(running.network.post(f"/cases/{number}/fan-out", {}))
    assert [read(running, each)["status"] for each in (one, two, three)] == ["resolved"] * 3
    assert history(running, two) == before
    refused(running.network.post(f"/cases/{number}/fan-out", {}), 422, "validation-failed")  # nothing is left


@pytest.mark.parametrize("why", ["unresolved", "not linked", "another team"])
def test_r_5_7d_a_fan_out_that_may_not_be_changes_nothing(running: RunningDesk, why: str) -> None:
    part, number = logged(running, customer=ANNA), assigned(running)
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
    first, other = assigned(running), logged(running, customer=ANNA)
    number = assigned(running)
    done(running.technician.post(f"/cases/{number}/relate", {"case": other, "kind": "related"}))
    done(running.technician.post(f"/cases/{number}/relate", {"case": first, "kind": "duplicate"}))
    refused(running.network.post(f"/cases/{number}/fan-out", {}), 409, "invalid-transition")
    assert read(running, other)["status"] == "logged"


def test_r_5_7d_cases_fanned_out_to_join_the_problem_of_the_first(running: RunningDesk) -> None:
    part = logged(running, customer=ANNA)
    number = declared(running, part)
    problem = resolve(running, number, REMAINS)["problem"]
    done(running.network.post(f"/cases/{number}/fan-out", {}))
    assert read(running, part)["problem"] == problem
    assert done(running.technician.get(f"/problems/{problem}"))["incidents"] == [number, part]


def test_r_5_7d_an_alert_without_a_person_is_told_to_the_services_owner(running: RunningDesk, intake: Caller) -> None:
    contact = {"name": "T. Lee", "email": "t.lee@desk.example"}
    running.office.list_entry("teams", Team("network", "Network"), {}, None, OPERATOR)
    running.office.list_entry(
        "services", Service("printing", "Printing", "network", owner="t.lee"), contact, None, OPERATOR
    )
    alert = logged(running, by=intake, channel="monitoring", customer={"name": "probe 7"})
    number = declared(running, alert)
    resolve(running, number)
    done(running.network.post(f"/cases/{number}/fan-out", {}))
    running.send_mail()
    assert [mail.recipients for mail in mails(running, alert)] == [("t.lee@desk.example",)]
