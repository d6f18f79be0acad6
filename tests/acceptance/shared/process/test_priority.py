"""SOP 5.4: impact and severity set the priority by the matrix in force; its targets run from when the contact came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, refused
from tests.acceptance.office import administrator, change_policy, triaged
from tests.acceptance.travelling import (
    MONDAY,
    back_to_monday,
    history,
    last,
    logged,
    moment,
    on_monday,
    owner_of,
    parsed,
    read,
    resolved,
    topics,
    travel,
)
from tests.conftest import TestDatabase

Positions = Callable[[], int]
LEVELS = [(impact, severity) for impact in (1, 2, 3) for severity in (1, 2, 3)]
MATRIX = dict(zip(LEVELS, (1, 2, 3, 2, 3, 4, 3, 4, 4), strict=True))
"""requirements.md, Default policy data: by impact and severity."""


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    """The desk of this file: its clock stands still."""
    with on_monday(shared_database, keys) as desk:
        administrator(desk)  # granted before anybody travels
        yield desk


@pytest.fixture(autouse=True)
def _on_monday(running: RunningDesk) -> None:
    back_to_monday(running)


@pytest.fixture
def admin(running: RunningDesk) -> Caller:
    """The administrator, since Monday."""
    return administrator(running)


def assess(
    desk: RunningDesk, number: str, impact: int, severity: int, by: Caller | None = None, **more: Any
) -> dict[str, Any]:
    body = {"impact": impact, "severity": severity, **more}
    case: dict[str, Any] = done((by or desk.technician).post(f"/cases/{number}/prioritize", body))
    return case


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of that week by the clocks of Chicago: Monday is the 5th."""
    return datetime(2026, 10, day, hour + 5, minute, tzinfo=UTC)


def targets(case: dict[str, Any]) -> tuple[datetime, datetime]:
    return parsed(case["respond_by"]), parsed(case["resolve_by"])


def fresh(desk: RunningDesk) -> str:
    return triaged(desk, received_at=moment(desk))


# R-5.4a


@pytest.mark.parametrize(("levels", "priority"), MATRIX.items(), ids=str)
def test_r_5_4a_the_matrix_computes_the_priority_from_impact_and_severity(
    running: RunningDesk, levels: tuple[int, int], priority: int
) -> None:
    number = fresh(running)
    case = assess(running, number, *levels)
    assert (case["status"], case["priority"]) == ("prioritized", priority)
    assert (case["impact"], case["severity"], case["matrix"]) == (*levels, "matrix/1")
    data = last(running, number, "prioritized")["data"]
    kept = {name: data[name] for name in ("impact", "severity", "priority", "matrix", "policy")}
    assert kept == {
        "impact": levels[0],
        "severity": levels[1],
        "priority": priority,
        "matrix": "matrix/1",
        "policy": data["policy"],
    }
    assert data["policy"].startswith("policy/")
    assert "computed" not in data, "nobody overrode it"


def test_r_5_4a_both_are_required(running: RunningDesk, positions: Positions) -> None:
    number = fresh(running)
    before = positions()
    for body in ({"impact": 1}, {"severity": 1}, {}, {"impact": 1, "severity": None}, {"priority": 1}):
        refused(running.technician.post(f"/cases/{number}/prioritize", body), 422, "validation-failed")
    for impact, severity in ((0, 1), (4, 1), (1, 0), (1, 4)):
        body = {"impact": impact, "severity": severity}
        refused(running.technician.post(f"/cases/{number}/prioritize", body), 422, "validation-failed")
    assert positions() == before
    assert read(running, number)["priority"] is None


def test_r_5_4a_what_is_not_ours_yet_has_no_priority(running: RunningDesk, positions: Positions) -> None:
    number = logged(running)
    before = positions()
    body = {"impact": 1, "severity": 1}
    refused(running.technician.post(f"/cases/{number}/prioritize", body), 409, "invalid-transition")
    assert positions() == before
    triage = done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    assert triage["priority"] is None
    diagnosis = {"symptoms": "s", "findings": "f"}
    refused(running.technician.post(f"/cases/{number}/diagnose", diagnosis), 409, "priority-required")
    refused(running.technician.post(f"/cases/{number}/assign", {"team": "network"}), 409, "priority-required")


# R-5.4b


def test_r_5_4b_an_override_keeps_the_computed_priority_beside_it_and_its_reason(running: RunningDesk) -> None:
    number = fresh(running)
    override = {"priority": 2, "reason": "the governor's printer"}
    case = assess(running, number, 3, 3, override=override)
    assert (case["priority"], case["impact"], case["severity"]) == (2, 3, 3)
    event = last(running, number, "prioritized")
    assert (event["data"]["priority"], event["data"]["computed"]) == (2, 4)
    assert (event["reason"], event["by"]["subject"]) == ("the governor's printer", "a.ortiz")
    assert targets(case) == (at(5, 8, 30), at(5, 12)), "the targets are those of the priority it was given"


def test_r_5_4b_an_override_needs_a_reason(running: RunningDesk, positions: Positions) -> None:
    number = fresh(running)
    before = positions()
    for override in (
        {"priority": 1},
        {"priority": 1, "reason": ""},
        {"reason": "x"},
        {"priority": 5, "reason": "x"},
        1,
    ):
        body = {"impact": 3, "severity": 3, "override": override, "reason": "a reason for something else"}
        refused(running.technician.post(f"/cases/{number}/prioritize", body), 422, "validation-failed")
    assert positions() == before


def test_r_5_4b_an_override_needs_permission(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = fresh(running)
    assess(running, number, 2, 2)
    owner = owner_of(running, number)
    others = {
        "customer": (owner, "forbidden"),
        "auditor": (running.auditor, "forbidden"),
        "duty manager": (running.caller(Role.DUTY_MANAGER, "d.manager"), "forbidden"),
        "intake": (running.caller(Role.INTAKE, "mail.gateway"), "forbidden"),
        "team": (running.network, "not-assigned-team"),
    }
    body = {"impact": 3, "severity": 3, "override": {"priority": 2, "reason": "I am in a hurry"}}
    before = positions()
    for who, (by, slug) in others.items():
        with subtests.test(who):
            refused(by.post(f"/cases/{number}/prioritize", body), 403, slug)
    assert positions() == before


def test_r_5_4b_a_later_assessment_without_an_override_is_the_matrixs_again(running: RunningDesk) -> None:
    number = fresh(running)
    assess(running, number, 3, 3, override={"priority": 2, "reason": "x"})
    assert assess(running, number, 3, 3)["priority"] == 4
    assert "computed" not in last(running, number, "prioritized")["data"]


# R-5.4c


@pytest.mark.parametrize(
    ("impact", "severity", "respond", "resolve"),
    [
        (1, 1, at(5, 8, 15), at(5, 10)),
        (1, 2, at(5, 8, 30), at(5, 12)),
        (2, 2, at(5, 10), at(5, 17)),
        (3, 3, at(5, 17), at(9, 17)),
    ],
    ids=["P1", "P2", "P3", "P4"],
)
def test_r_5_4c_the_targets_are_the_policys_from_when_the_contact_came(
    running: RunningDesk, impact: int, severity: int, respond: datetime, resolve: datetime
) -> None:
    number = logged(running)
    travel(running, minutes=50)  # whoever takes his time does not move them
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    assert targets(assess(running, number, impact, severity)) == (respond, resolve)


def test_r_5_4c_a_holiday_is_no_business_day(running: RunningDesk) -> None:
    travel(running, days=51, hours=5)  # Wednesday, 25 November, 12:00: Thanksgiving is the next day
    assert running.clock.now() == datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
    holidays = done(running.auditor.get("/policy"))["business"]["holidays"]
    assert {"2026-11-26", "2026-11-27"} <= set(holidays), "Oklahoma rests on both days"
    case = assess(running, fresh(running), 2, 2)
    assert parsed(case["resolve_by"]) == datetime(2026, 11, 30, 18, 0, tzinfo=UTC), "Monday at noon"


def test_r_5_4c_a_reassessment_recomputes_the_targets_and_keeps_the_pause(running: RunningDesk) -> None:
    number = fresh(running)
    assert targets(assess(running, number, 2, 2)) == (at(5, 10), at(5, 17))
    travel(running, hours=1)
    done(running.technician.post(f"/cases/{number}/pend", {"reason_code": "customer"}))
    travel(running, hours=2)
    resumed = done(running.technician.post(f"/cases/{number}/resume", {}))
    assert targets(resumed) == (at(5, 10), at(6, 10)), "two hours of waiting for the customer do not count"
    assert targets(assess(running, number, 1, 2)) == (at(5, 8, 30), at(5, 14)), "from 08:00, the pause kept"
    assert targets(assess(running, number, 1, 1)) == (at(5, 8, 15), at(5, 12)), "around the clock as well"
    assert targets(assess(running, number, 2, 2)) == (at(5, 10), at(6, 10)), "and back"
    assert [
        event["data"]["priority"] for event in history(running, number) if event["topic"] == "case.prioritized"
    ] == [*(3, 2, 1, 3)]


def test_r_5_4c_only_waiting_for_the_customer_stops_the_clock_until_the_policy_says_else(
    running: RunningDesk, admin: Caller
) -> None:
    number = fresh(running)
    assess(running, number, 2, 2)
    for reason in ("vendor", "problem", "evidence"):
        done(running.technician.post(f"/cases/{number}/pend", {"reason_code": reason}))
        travel(running, hours=1)
        case = done(running.technician.post(f"/cases/{number}/resume", {}))
        assert targets(case) == (at(5, 10), at(5, 17)), reason
    change_policy(admin, pausing=["customer", "vendor"])
    done(running.technician.post(f"/cases/{number}/pend", {"reason_code": "vendor"}))
    travel(running, hours=1)
    assert targets(done(running.technician.post(f"/cases/{number}/resume", {}))) == (at(5, 10), at(6, 9))
    change_policy(admin, pausing=["customer"])


def test_r_5_4c_changed_targets_count_for_the_next_assessment_only(running: RunningDesk, admin: Caller) -> None:
    number = fresh(running)
    before = targets(assess(running, number, 2, 2))
    said = done(admin.get("/policy"))["targets"]
    change_policy(admin, targets=[*said[:2], {**said[2], "respond": "PT1H", "resolve": "PT3H"}, said[3]])
    assert targets(read(running, number)) == before
    assert targets(assess(running, number, 2, 2)) == (at(5, 9), at(5, 11))
    change_policy(admin, targets=said)


def test_r_5_4c_a_case_is_assessed_anew_until_it_is_closed(running: RunningDesk, positions: Positions) -> None:
    number = resolved(running)
    assert assess(running, number, 3, 3, by=running.network)["status"] == "resolved"
    assert read(running, number)["priority"] == 4
    confirmation = {"method": "phone", "by": "Jo Field", "at": moment(running)}
    done(running.technician.post(f"/cases/{number}/close", {"confirmation": confirmation}))
    before = positions()
    body = {"impact": 1, "severity": 1}
    refused(running.technician.post(f"/cases/{number}/prioritize", body), 409, "invalid-transition")
    assert positions() == before


# R-5.4d


def alarmed(desk: RunningDesk) -> list[str]:
    """The cases in the alarmed queue, and that its figure among the queues is theirs."""
    desk.catch_up()
    found = [item["number"] for item in done(desk.technician.get("/queues/unprioritized", limit=200))["items"]]
    counts = {item["name"]: item["cases"] for item in done(desk.technician.get("/queues"))["items"]}
    assert counts.get("unprioritized", 0) == len(found)
    return found


def test_r_5_4d_a_case_without_a_priority_for_longer_than_the_limit_stands_in_an_alarmed_queue(
    running: RunningDesk,
) -> None:
    new, ours = logged(running), fresh(running)
    prompt = fresh(running)
    assess(running, prompt, 2, 2)
    travel(running, minutes=30)
    assert {new, ours, prompt}.isdisjoint(alarmed(running))
    travel(running, seconds=1)
    assert {new, ours} <= set(alarmed(running))
    assert prompt not in alarmed(running)
    assess(running, ours, 2, 2)
    assert ours not in alarmed(running)
    assert new in alarmed(running)
    assert new in [item["number"] for item in done(running.technician.get("/queues/triage", limit=200))["items"]]


def test_r_5_4d_the_limit_is_policy(running: RunningDesk, admin: Caller) -> None:
    number = logged(running)
    travel(running, minutes=20)
    assert number not in alarmed(running)
    change_policy(admin, unprioritized_alarm="PT10M")
    assert number in alarmed(running)
    change_policy(admin, unprioritized_alarm="PT30M")
    assert number not in alarmed(running)


def test_priority_1_nominates_itself_once(running: RunningDesk) -> None:
    number = fresh(running)
    assess(running, number, 1, 1)
    assess(running, number, 1, 1, reason="still so")
    assert topics(running, number)[2:] == ["prioritized", "major_nominated", "prioritized"]
    assert last(running, number, "major_nominated")["by"]["subject"] == "system:priority"
    assert running.clock.now() == MONDAY + timedelta(0)
