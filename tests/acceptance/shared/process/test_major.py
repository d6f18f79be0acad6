"""SOP 5.7: assignment and hand-back; major incidents, nominated, declared, spoken of, reviewed, fanned out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from application.administration.catalogue import OPERATOR
from domain.catalogue import Team
from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, refused
from tests.acceptance.travelling import (
    WINDOW,
    assigned,
    back_to_monday,
    history,
    in_diagnosis,
    last,
    logged,
    moment,
    on_monday,
    owed,
    parsed,
    read,
    resolve,
    topics,
    travel,
)
from tests.conftest import TestDatabase

DECLARATION: dict[str, Any] = {
    "owner": "t.lee",
    "communication_every_minutes": 30,
    "management_contact": "cio office, 405-555-0177",
}
ANNA = {"name": "Anna", "email": "anna@agency.example", "agency": "dot"}


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


def nominated(desk: RunningDesk) -> str:
    number = assigned(desk)
    done(desk.technician.post(f"/cases/{number}/nominate-major", {"reason": "three floors call"}))
    return number


def declared(desk: RunningDesk, *cases: str) -> str:
    number = assigned(desk)
    done(desk.network.post(f"/cases/{number}/declare-major", {**DECLARATION, "cases": list(cases)}))
    return number


def discharge(desk: RunningDesk, number: str, obligation: str, **more: Any) -> None:
    body = {"obligation": obligation, "method": "phone", **more}
    done(desk.network.post(f"/cases/{number}/discharge", body))


# 5.7a


def test_r_5_7a_a_case_goes_to_a_team_with_the_diagnosis_a_technician_is_optional(running: RunningDesk) -> None:
    number = in_diagnosis(running)
    to_team = done(running.technician.post(f"/cases/{number}/assign", {"team": "network", "diagnosis": "spooler"}))
    assert (to_team["status"], to_team["team"], to_team["technician"]) == ("assigned", "network", None)
    event = last(running, number, "assigned")
    assert (event["data"]["words"]["value"], event["by"]["subject"]) == ({"diagnosis": "spooler"}, "a.ortiz")
    to_him = done(running.network.post(f"/cases/{number}/assign", {"team": "messaging", "technician": "m.ruiz"}))
    assert (to_him["team"], to_him["technician"]) == ("messaging", "m.ruiz")
    refused(running.network.post(f"/cases/{number}/accept", {}), 403, "not-assigned-team")


def test_r_5_7a_hand_backs_are_counted_and_lead_back_to_the_desk(running: RunningDesk) -> None:
    number = assigned(running)
    for count in (1, 2):
        back = done(running.network.post(f"/cases/{number}/hand-back", {"reason": "a phone setting"}))
        assert (back["status"], back["team"], back["technician"], back["hand_backs"]) == (
            "in_diagnosis", None, None, count,
        )  # fmt: skip
        assert last(running, number, "handed_back")["data"]["team"] == "network"
        running.catch_up()
        assert number in [
            item["number"] for item in done(running.technician.get("/queues/diagnosis", limit=200))["items"]
        ]
        done(running.technician.post(f"/cases/{number}/assign", {"team": "network"}))


def test_r_5_7a_where_there_is_a_catalogue_the_team_and_its_technician_are_of_it(alone: RunningDesk) -> None:
    number = alone.in_diagnosis()
    alone.office.catalogue.put("teams", Team("network", "Network", ("t.lee",)), {}, OPERATOR)
    for body, pointer in (
        ({"team": "networks"}, "/team"),
        ({"team": "network", "technician": "m.ruiz"}, "/technician"),
    ):
        problem = refused(alone.technician.post(f"/cases/{number}/assign", body), 422, "unknown-reference")
        assert problem["errors"][0]["pointer"] == pointer
    done(alone.technician.post(f"/cases/{number}/assign", {"team": "network", "technician": "t.lee"}))


# 5.7b


def test_r_5_7b_desk_and_monitoring_nominate_and_the_teams_answer_is_owed_by_a_time(
    running: RunningDesk, intake: Caller
) -> None:
    for nominates in (running.technician, intake):
        number = assigned(running)
        body = {"reason": "three floors call"}
        done(nominates.post(f"/cases/{number}/nominate-major", body))
        assert read(running, number)["major"]["status"] == "nominated"
        (debt,) = owed(running, number).values()
        assert (debt["kind"], debt["role"], debt["team"]) == ("answer_nomination", "team_member", "network")
        assert parsed(debt["due_at"]) == running.clock.now() + timedelta(minutes=15)
        assert last(running, number, "major_nominated")["reason"] == "three floors call"
        refused(nominates.post(f"/cases/{number}/nominate-major", body), 409, "invalid-transition")
    refused(running.network.post(f"/cases/{number}/nominate-major", body), 403, "forbidden")


def test_r_5_7b_priority_1_nominates_itself_once(running: RunningDesk) -> None:
    number = logged(running)
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk"}))
    first = done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 1, "severity": 1}))
    assert (first["priority"], first["major"]["status"]) == (1, "nominated")
    nomination = last(running, number, "major_nominated")
    assert nomination["by"] == {"subject": "system:priority", "role": "system", "team": None}
    done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 1, "severity": 1}))
    override = {"priority": 1, "reason": "the governor's printer"}
    by_hand = logged(running)
    done(running.technician.post(f"/cases/{by_hand}/triage", {"owner": "desk"}))
    done(running.technician.post(f"/cases/{by_hand}/prioritize", {"impact": 3, "severity": 3, "override": override}))
    assert [topics(running, each).count("major_nominated") for each in (number, by_hand)] == [1, 1]


def test_r_5_7b_the_team_rejects_with_a_reason(running: RunningDesk) -> None:
    number = nominated(running)
    refused(running.network.post(f"/cases/{number}/reject-major", {}), 422, "validation-failed")
    refused(running.messaging.post(f"/cases/{number}/reject-major", {"reason": "x"}), 403, "not-assigned-team")
    rejected = done(running.network.post(f"/cases/{number}/reject-major", {"reason": "one cable, one floor"}))
    assert rejected["major"]["status"] == "rejected"
    assert last(running, number, "major_rejected")["reason"] == "one cable, one floor"
    assert owed(running, number) == {}
    again = {"reason": "no"}
    refused(running.network.post(f"/cases/{number}/reject-major", again), 409, "invalid-transition")
    done(running.technician.post(f"/cases/{number}/nominate-major", {"reason": "it is all floors now"}))
    assert set(owed(running, number)) == {"answer_nomination"}


def test_r_5_7b_the_assigned_team_declares_also_unasked_and_nobody_else(running: RunningDesk) -> None:
    for number in (nominated(running), assigned(running)):
        refused(running.messaging.post(f"/cases/{number}/declare-major", DECLARATION), 403, "not-assigned-team")
        refused(running.technician.post(f"/cases/{number}/declare-major", DECLARATION), 403, "forbidden")
        case = done(running.network.post(f"/cases/{number}/declare-major", DECLARATION))
        assert case["major"] == {"status": "declared", "owner": "t.lee"}
        assert "answer_nomination" not in owed(running, number)
        refused(running.network.post(f"/cases/{number}/declare-major", DECLARATION), 409, "invalid-transition")
    unassigned = in_diagnosis(running)
    refused(running.network.post(f"/cases/{unassigned}/declare-major", DECLARATION), 403, "not-assigned-team")


def test_r_5_7b_the_duty_manager_declares_only_when_the_team_is_late_and_as_a_deviation(
    running: RunningDesk, manager: Caller
) -> None:
    never, number = assigned(running), nominated(running)
    travel(running, minutes=14, seconds=59)
    for case in (never, number):
        before = history(running, case)
        refused(manager.post(f"/cases/{case}/declare-major", DECLARATION), 403, "forbidden")
        assert history(running, case) == before
    refused(manager.post(f"/cases/{number}/reject-major", {"reason": "x"}), 403, "forbidden")
    assert history(running, number) == before
    travel(running, seconds=1)
    refused(manager.post(f"/cases/{never}/declare-major", DECLARATION), 403, "forbidden")  # nobody had asked
    assert done(manager.post(f"/cases/{number}/declare-major", DECLARATION))["major"]["status"] == "declared"
    event = last(running, number, "major_declared")
    assert (event["deviations"], event["by"]["role"]) == (["declared_by_duty_manager"], "duty_manager")


def test_r_5_7b_the_duty_manager_rejects_in_the_teams_place_as_a_deviation(
    running: RunningDesk, manager: Caller
) -> None:
    number = nominated(running)
    travel(running, minutes=15)
    done(manager.post(f"/cases/{number}/reject-major", {"reason": "one floor only"}))
    assert last(running, number, "major_rejected")["deviations"] == ["rejected_by_duty_manager"]


# 5.7c


def test_r_5_7c_declaring_names_an_owner_and_obligations_with_their_due_times(running: RunningDesk) -> None:
    part = logged(running, customer=ANNA)
    number = declared(running, part)
    data = last(running, number, "major_declared")["data"]
    assert (data["owner"], data["outage_report"]) == ("t.lee", "outage-report/1")
    assert data["management"]["value"] == {"management_contact": DECLARATION["management_contact"]}
    debts, now = owed(running, number), running.clock.now()
    assert {key: parsed(debt["due_at"]) - now for key, debt in debts.items()} == {
        "inform_management": timedelta(minutes=30),
        "communicate": timedelta(minutes=30),
        "review_major": timedelta(days=5),
    }
    assert {(debt["role"], debt["team"]) for debt in debts.values()} == {("team_member", "network")}
    assert read(running, number)["links"] == [{"case": part, "kind": "part"}]
    assert read(running, part)["links"] == [{"case": number, "kind": "major"}]


def test_r_5_7c_what_the_outage_report_says_is_a_versioned_template(running: RunningDesk) -> None:
    report = done(running.technician.get("/policy"))["outage_report"]
    assert report["version"] == "outage-report/1"
    assert report["sections"]


def test_r_5_7c_a_message_of_the_schedule_is_owed_anew_until_the_incident_is_resolved(running: RunningDesk) -> None:
    number = declared(running)
    travel(running, minutes=20)
    discharge(running, number, "communicate", note="told all floors")
    assert parsed(owed(running, number)["communicate"]["due_at"]) == running.clock.now() + timedelta(minutes=30)
    travel(running, minutes=31)
    assert owed(running, number)["communicate"]["overdue"]
    discharge(running, number, "communicate")
    assert not owed(running, number)["communicate"]["overdue"]
    resolve(running, number)
    assert set(owed(running, number)) == {"inform_management", "review_major"}


def test_r_5_7c_management_is_informed_and_the_incident_reviewed_once_each(running: RunningDesk) -> None:
    number = declared(running)
    discharge(running, number, "inform_management", at=moment(running), note="the cio knows")
    event = last(running, number, "discharged")
    assert (event["data"]["obligation"], event["data"]["method"]) == ("inform_management", "phone")
    assert (event["data"]["words"]["value"], event["by"]["subject"]) == ({"note": "the cio knows"}, "t.lee")
    resolve(running, number)
    running.send_mail()
    travel(running, WINDOW)
    running.close_elapsed()
    assert read(running, number)["status"] == "closed"
    assert set(owed(running, number)) == {"review_major"}  # owed beyond the closing
    discharge(running, number, "review_major")
    assert owed(running, number) == {}
    body = {"obligation": "review_major", "method": "meeting"}
    refused(running.network.post(f"/cases/{number}/discharge", body), 409, "invalid-transition")


def test_r_5_7c_who_discharges_says_when_and_not_in_the_future(running: RunningDesk) -> None:
    number = declared(running)
    body = {"obligation": "inform_management", "method": "phone"}
    refused(running.messaging.post(f"/cases/{number}/discharge", body), 403, "not-assigned-team")
    for at in (moment(running, hours=-1), moment(running, hours=73)):
        refused(running.network.post(f"/cases/{number}/discharge", {**body, "at": at}), 422, "validation-failed")
    by_command = {"obligation": "answer_nomination", "method": "phone"}
    refused(running.network.post(f"/cases/{number}/discharge", by_command), 422, "validation-failed")
    assert "inform_management" in owed(running, number)


@pytest.mark.parametrize("strange", [["INC-0999999"], "itself"])
def test_r_5_7c_a_part_is_another_case_that_there_is(running: RunningDesk, strange: list[str] | str) -> None:
    number = assigned(running)
    cases = [number] if strange == "itself" else strange
    body = {**DECLARATION, "cases": cases}
    slug = "contradicts-record" if strange == "itself" else "unknown-reference"
    refused(running.network.post(f"/cases/{number}/declare-major", body), 422, slug)
    assert read(running, number)["major"] is None


def test_r_5_7c_a_duplicate_goes_with_its_first_case_and_is_no_part_beside(running: RunningDesk) -> None:
    number, second = assigned(running), logged(running)
    done(running.technician.post(f"/cases/{second}/relate", {"case": number, "kind": "duplicate"}))
    body = {**DECLARATION, "cases": [second]}
    refused(running.network.post(f"/cases/{number}/declare-major", body), 409, "invalid-transition")
    assert read(running, second)["duplicate_of"] == number
