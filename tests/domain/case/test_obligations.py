"""What a case owes follows from its state: who holds it, and whether it is open (R-5.6b, R-5.7b, R-5.7c)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.dispute import Reopened
from domain.case.clauses.major_incident import MajorNominated
from domain.case.clauses.relations import Consulted
from domain.case.terms import Major
from domain.errors import Forbidden, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.values import Role
from tests.domain.cases import (
    DECLARATION,
    FIRST,
    FIXED,
    HIGH,
    POLICY,
    SECOND,
    assigned,
    at,
    by_system,
    by_team,
    closed,
    duplicates,
    in_diagnosis,
    last,
    logged,
    moment,
    positive,
    refused,
    resolved,
    said,
    triaged,
)

EVERY = DECLARATION.communication_every
ANSWER = POLICY.nomination_answer / timedelta(minutes=1)
ASKED = POLICY.consultation_answer / timedelta(minutes=1)


def declared() -> Case:
    """Declared at minute 11 by team network."""
    case = assigned()
    case.declare(DECLARATION, POLICY, by_team(11))
    return case


def settle(case: Case, minutes: float) -> None:
    case.verify(positive(minutes), by_team(minutes))
    case.resolve(FIXED, said(), POLICY, by_team(minutes))


def holders(case: Case) -> set[tuple[Role, str | None]]:
    return {(owed.role, owed.team) for owed in case.obligations.values()}


def nomination(due: float, team: str | None = None) -> Obligation:
    role = Role.TEAM_MEMBER if team else Role.TECHNICIAN
    return Obligation(ObligationKind.ANSWER_NOMINATION, moment(due), role, team)


# R-5.7b: a nomination is owed by whoever holds the case


def test_r_5_7b_a_nomination_that_came_before_the_assignment_is_the_desks_and_then_the_teams() -> None:
    case = triaged()
    case.prioritize(HIGH, POLICY, at(2))
    assert case.obligations == {"answer_nomination": nomination(2 + ANSWER)}
    case.diagnose(said(), at(3))
    case.assign("network", at(4))
    assert case.obligations == {"answer_nomination": nomination(2 + ANSWER, "network")}, "its time runs on"


def test_r_5_7b_a_nomination_goes_with_the_case_to_another_team_and_back_to_the_desk() -> None:
    case = assigned()
    case.nominate(POLICY, at(10))
    case.assign("messaging", by_team(11))
    assert case.obligations == {"answer_nomination": nomination(10 + ANSWER, "messaging")}
    case.hand_back(said(), at(12, Role.TEAM_MEMBER, "messaging"))
    assert case.obligations == {"answer_nomination": nomination(10 + ANSWER)}
    case.assign("network", at(13))
    assert case.obligations == {"answer_nomination": nomination(10 + ANSWER, "network")}


def test_r_5_7b_an_assignment_to_the_team_that_has_it_owes_nothing_anew() -> None:
    case = declared()
    case.assign("network", at(12), technician="t.lee")
    assert last(case)["owed"] == ()


def test_r_5_7b_an_open_nomination_rests_while_the_case_is_resolved_and_comes_back_with_its_whole_time() -> None:
    case = assigned()
    case.nominate(POLICY, at(10))
    settle(case, 12)
    assert (case.major, case.obligations) == (Major.NOMINATED, {})
    case.dispute(moment(500), POLICY, at(500))
    assert case.obligations == {"answer_nomination": nomination(500 + ANSWER, "network")}
    manager = at(499 + ANSWER, Role.DUTY_MANAGER)
    with refused(case, Forbidden, "is late"):
        case.declare(DECLARATION, POLICY, manager)
    case.declare(DECLARATION, POLICY, at(500 + ANSWER, Role.DUTY_MANAGER))


def test_r_5_7b_a_resolved_case_that_is_nominated_owes_the_answer_once_it_is_reopened() -> None:
    case = resolved()
    case.nominate(POLICY, at(10))
    assert (case.major, case.obligations) == (Major.NOMINATED, {})
    case.reopen(said(), POLICY, at(20))
    assert case.obligations == {"answer_nomination": nomination(20 + ANSWER, "network")}


def test_r_5_7b_an_answered_nomination_comes_back_with_no_reopening() -> None:
    case = assigned()
    case.nominate(POLICY, at(10))
    case.reject(said(), by_team(11))
    settle(case, 12)
    case.reopen(said(), POLICY, at(20))
    assert case.obligations == {}


# R-5.7c: a declared, unresolved major incident owes its next communication


def test_r_5_7c_a_major_incident_that_is_reopened_owes_its_next_communication() -> None:
    case = declared()
    for minute in (20, 40):
        settle(case, minute)
        assert "communicate" not in case.obligations
        case.dispute(moment(minute + 10), POLICY, at(minute + 10))
        communicate = case.obligations["communicate"]
        assert communicate == Obligation(
            ObligationKind.COMMUNICATE, moment(minute + 10) + EVERY, Role.TEAM_MEMBER, "network"
        )
    with refused(case, InvalidTransition, "declared already"):
        case.declare(DECLARATION, POLICY, by_team(60))


def test_r_5_7c_what_a_major_incident_owes_goes_with_the_case() -> None:
    case = declared()
    before = {key: owed.due_at for key, owed in case.obligations.items()}
    case.assign("messaging", by_team(12))
    assert holders(case) == {(Role.TEAM_MEMBER, "messaging")}
    case.hand_back(said(), at(13, Role.TEAM_MEMBER, "messaging"))
    assert holders(case) == {(Role.TECHNICIAN, None)}
    assert {key: owed.due_at for key, owed in case.obligations.items()} == before
    case.discharge("communicate", "mail", moment(14), at(14))
    assert case.obligations["communicate"] == Obligation(ObligationKind.COMMUNICATE, moment(14) + EVERY)


def test_r_5_7c_a_duplicate_that_goes_on_by_itself_owes_what_a_major_incident_does() -> None:
    first, second = assigned(number=FIRST), assigned(number=SECOND)
    second.declare(DECLARATION, POLICY, by_team(11))
    second.duplicate(first, None, POLICY, at(12))
    assert "communicate" not in second.obligations
    second.unrelate(FIRST, POLICY, at(13))
    assert second.obligations["communicate"].due_at == moment(13) + EVERY


def test_r_5_7c_what_0_4_0_reopened_without_its_schedule_can_be_declared_again() -> None:
    case = declared()
    settle(case, 20)
    case.record(Reopened, at(30), status=case.resolved_from)
    assert "communicate" not in case.obligations
    case.declare(DECLARATION, POLICY, by_team(31))
    assert case.obligations["communicate"].due_at == moment(31) + EVERY


def test_r_5_7b_what_earlier_releases_owed_no_team_is_owed_by_the_next_one() -> None:
    case = in_diagnosis()
    case.record(MajorNominated, at(5), due_at=moment(20))
    assert holders(case) == {(Role.TEAM_MEMBER, None)}, "an old event owes what it owed"
    case.assign("network", at(6))
    assert case.obligations == {"answer_nomination": nomination(20, "network")}


# R-5.6b: closing settles what only the open case owed


def consulting() -> Case:
    """Resolved at minute 6, with a question at minute 5 that nobody has answered."""
    case = in_diagnosis(number=SECOND)
    case.consult(assigned(number=FIRST), POLICY, at(5))
    case.resolve(FIXED, said(), POLICY, at(6))
    return case


def test_r_5_6b_a_consultation_is_owed_until_its_case_closes() -> None:
    case = consulting()
    assert set(case.obligations) == {f"answer_consultation:{FIRST}"}
    case.close(POLICY, at(7, Role.CUSTOMER))
    assert (case.obligations, last(case)["ended"]) == ({}, (f"answer_consultation:{FIRST}",))


def test_r_5_6b_a_duplicate_that_closes_with_the_first_case_asks_nobody_any_more() -> None:
    _, second = duplicates()
    second.consult(logged("INC-0000009"), POLICY, at(6))
    second.follow(closed(), POLICY, by_system(7))
    assert second.obligations == {}


def test_r_5_6b_a_dispute_of_the_closed_case_asks_again() -> None:
    case = consulting()
    case.close(POLICY, at(7, Role.CUSTOMER))
    case.dispute(moment(100), POLICY, at(100))
    assert case.obligations[f"answer_consultation:{FIRST}"].due_at == moment(100 + ASKED)
    case.answer_consultation(FIRST, said(), by_team(101))
    assert case.obligations == {}


@pytest.mark.parametrize("relation", ["related", "unrelated"])
def test_r_5_6b_a_question_about_what_is_decided_is_not_asked_again(relation: str) -> None:
    case, first = consulting(), assigned(number=FIRST)
    decide = case.relate if relation == "related" else case.find_unrelated
    decide(first, Consulted("t.lee", moment(6), None), at(7))
    case.close(POLICY, at(8, Role.CUSTOMER))
    case.dispute(moment(100), POLICY, at(100))
    assert case.obligations == {}
    if relation == "related":
        case.unrelate(FIRST, POLICY, at(101))
        assert set(case.obligations) == {f"answer_consultation:{FIRST}"}, "nothing is decided any more"
