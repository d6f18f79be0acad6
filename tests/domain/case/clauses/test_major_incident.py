"""SOP 5.7: major incidents are nominated, answered in time, declared, communicated, and reviewed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.terms import Major
from domain.errors import (
    Forbidden,
    InvalidTransition,
)
from domain.obligation import Obligation, ObligationKind
from domain.values import Provenance, Role
from tests.domain.cases import (
    DECLARATION,
    FIXED,
    POLICY,
    assigned,
    at,
    by_team,
    closed,
    declared,
    in_diagnosis,
    last,
    logged,
    moment,
    nominated,
    positive,
    prioritized,
    refused,
    resolved,
    said,
    triaged,
)

LATE = 10 + POLICY.nomination_answer / timedelta(minutes=1)


def by_manager(minutes: float) -> Provenance:
    return at(minutes, Role.DUTY_MANAGER, subject="d.manager")


# R-5.7b


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.INTAKE, Role.SYSTEM])
@pytest.mark.parametrize("make", [logged, triaged, prioritized, in_diagnosis, assigned, resolved])
def test_r_5_7b_desk_and_monitoring_nominate_any_open_case(make: Callable[[], Case], role: Role) -> None:
    case = make()
    case.nominate(POLICY, at(10, role), reason=said("three floors"))
    assert (case.major, last(case)["reason"]) == (Major.NOMINATED, said("three floors"))


def test_r_5_7b_a_closed_case_is_not_nominated_nor_one_twice() -> None:
    for case in (closed(), nominated(), declared()):
        with refused(case, InvalidTransition):
            case.nominate(POLICY, at(20))


def test_r_5_7b_the_team_owes_an_answer_by_a_time() -> None:
    assert nominated().obligations == {
        "answer_nomination": Obligation(ObligationKind.ANSWER_NOMINATION, moment(LATE), Role.TEAM_MEMBER, "network")
    }


def test_r_5_7b_the_team_rejects_with_a_reason() -> None:
    case = nominated()
    case.reject(said("one printer"), by_team(11))
    assert (case.major, case.obligations, last(case)["reason"]) == (Major.REJECTED, {}, said("one printer"))
    assert last(case)["deviations"] == ()
    with refused(case, InvalidTransition, "not nominated"):
        case.reject(said(), by_team(12))
    case.nominate(POLICY, at(13))
    assert case.major is Major.NOMINATED


def test_r_5_7b_the_team_declares_with_or_without_a_nomination() -> None:
    for case in (nominated(), assigned()):
        case.declare(DECLARATION, POLICY, by_team(11))
        assert (case.major, last(case)["deviations"]) == (Major.DECLARED, ())
        assert "answer_nomination" not in case.obligations
        with refused(case, InvalidTransition, "declared already"):
            case.declare(DECLARATION, POLICY, by_team(12))
        with refused(case, InvalidTransition, "not nominated"):
            case.reject(said(), by_team(12))


@pytest.mark.parametrize("make", [logged, prioritized, in_diagnosis, resolved])
def test_r_5_7b_only_an_assigned_case_is_declared(make: Callable[[], Case]) -> None:
    with refused(case := make(), InvalidTransition):
        case.declare(DECLARATION, POLICY, by_team(11))


def test_r_5_7b_the_duty_manager_declares_only_when_the_team_is_late_which_is_a_deviation() -> None:
    case = nominated()
    just_before = by_manager(LATE - 1e-6)
    with refused(case, Forbidden, "is late"):
        case.declare(DECLARATION, POLICY, just_before)
    with refused(case, Forbidden, "is late"):
        case.reject(said(), just_before)
    case.declare(DECLARATION, POLICY, by_manager(LATE))
    assert (case.major, last(case)["deviations"]) == (Major.DECLARED, ("declared_by_duty_manager",))
    assert "answer_nomination" not in case.obligations


def test_r_5_7b_the_duty_manager_may_reject_a_late_one_too() -> None:
    case = nominated()
    case.reject(said(), by_manager(LATE))
    assert (case.major, last(case)["deviations"]) == (Major.REJECTED, ("rejected_by_duty_manager",))


def test_r_5_7b_without_a_nomination_the_duty_manager_declares_nothing() -> None:
    with refused(case := assigned(), Forbidden):
        case.declare(DECLARATION, POLICY, by_manager(1000))
    case = nominated()
    case.reject(said(), by_team(11))
    with refused(case, Forbidden):
        case.declare(DECLARATION, POLICY, by_manager(1000))


def test_r_5_7b_what_is_resolved_is_rejected_no_more() -> None:
    case = nominated()
    case.verify(positive(11), by_team(11))
    case.resolve(FIXED, said(), POLICY, by_team(12))
    with refused(case, InvalidTransition, "resolved"):
        case.reject(said(), by_team(13))


def test_r_5_7b_a_late_team_may_still_answer() -> None:
    case = nominated()
    case.declare(DECLARATION, POLICY, by_team(LATE + 60))
    assert last(case)["deviations"] == ()


def test_r_5_7b_nobody_owes_an_answer_about_what_is_settled() -> None:
    case = assigned()
    case.verify(positive(5), by_team(5))
    case.nominate(POLICY, at(6))
    case.resolve(FIXED, said(), POLICY, by_team(7))
    assert case.obligations == {}
    case = resolved()
    case.nominate(POLICY, at(8))
    case.close(POLICY, at(9, Role.CUSTOMER))
    assert case.obligations == {}


# R-5.7c


def test_r_5_7c_declaring_names_an_owner_a_schedule_management_and_a_review() -> None:
    case, event = declared(), last(declared())
    assert (case.major_owner, case.communication_every) == ("t.lee", timedelta(minutes=30))
    assert (event["management"], event["outage_report"]) == (said("the CIO's office"), "outage-report/1")
    assert {key: (owed.due_at, owed.role, owed.team) for key, owed in case.obligations.items()} == {
        "inform_management": (moment(11) + POLICY.inform_management, Role.TEAM_MEMBER, "network"),
        "communicate": (moment(41), Role.TEAM_MEMBER, "network"),
        "review_major": (moment(11) + POLICY.major_review, Role.TEAM_MEMBER, "network"),
    }


def test_r_5_7c_management_is_informed_once_and_messages_recur() -> None:
    case = declared()
    case.discharge("inform_management", "phone", moment(12), by_team(12), words=said("told"))
    assert set(case.obligations) == {"communicate", "review_major"}
    assert (last(case)["method"], last(case)["at"], last(case)["words"]) == ("phone", moment(12), said("told"))
    for minute in (40, 75):  # one in time, one late: the next is due from when it was done
        case.discharge("communicate", "mail", moment(minute), by_team(minute))
        owed = case.obligations["communicate"]
        assert (owed.due_at, owed.team) == (moment(minute + 30), "network")
    with refused(case, InvalidTransition, "no obligation"):
        case.discharge("inform_management", "phone", moment(80), by_team(80))


def test_r_5_7c_the_resolution_ends_the_schedule_and_the_review_remains_after_the_closing() -> None:
    case = declared()
    case.verify(positive(12), by_team(12))
    case.resolve(FIXED, said(), POLICY, by_team(13))
    assert set(case.obligations) == {"inform_management", "review_major"}
    case.close(POLICY, at(14, Role.CUSTOMER))
    case.discharge("review_major", "meeting", moment(10000), by_team(10000))
    assert set(case.obligations) == {"inform_management"}


# R-5.7d
