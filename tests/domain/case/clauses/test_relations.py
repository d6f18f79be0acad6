"""SOP 5.6: has it been reported by others? Candidates, decisions, consultations, links, duplicates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.case import Case
from domain.case.clauses.relations import Consulted
from domain.case.status import Status
from domain.case.terms import LinkKind
from domain.errors import (
    DuplicateDecisionRequired,
    Invalid,
    InvalidTransition,
    NotAssignedTeam,
)
from domain.obligation import Obligation, ObligationKind
from domain.values import Candidate, Role
from tests.domain.cases import (
    FIRST,
    POLICY,
    SECOND,
    WINDOW,
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
    notified,
    refused,
    resolved_at_the_desk,
    said,
    version_resolved,
)

ANSWER = f"{ObligationKind.ANSWER_CONSULTATION}:{FIRST}"
ASKED = Consulted("t.lee", moment(3), said("the same switch"))


def related(first: Case, second: Case, minutes: float = 5) -> tuple[Case, Case]:
    second.relate(first, None, at(minutes))
    first.mirror(second.number, LinkKind.RELATED, at(minutes))
    return first, second


# R-5.6b: a decision


def test_r_5_6b_a_candidate_above_the_threshold_needs_a_decision() -> None:
    case, limit = in_diagnosis(number=SECOND), POLICY.duplicate_threshold
    found = [Candidate("INC-0000003", limit - 0.001), Candidate(FIRST, limit), Candidate("INC-0000004", 0.99)]
    with pytest.raises(DuplicateDecisionRequired) as refusal:
        case.require_decision(found, POLICY)
    assert [candidate.case for candidate in refusal.value.candidates] == ["INC-0000004", FIRST]
    case.require_decision(found[:1], POLICY)
    case.require_decision(found, replace(POLICY, duplicate_threshold=1.0))


@pytest.mark.parametrize("decide", ["related", "unrelated"])
def test_r_5_6b_what_has_been_decided_is_not_asked_again(decide: str) -> None:
    first, case = logged(), in_diagnosis(number=SECOND)
    (case.relate if decide == "related" else case.find_unrelated)(first, None, at(4))
    case.require_decision([Candidate(FIRST, 1.0)], POLICY)
    if decide == "related":
        case.unrelate(FIRST, POLICY, at(5))
        with pytest.raises(DuplicateDecisionRequired):
            case.require_decision([Candidate(FIRST, 1.0)], POLICY)


def test_r_5_6b_unrelated_may_turn_out_to_be_related() -> None:
    first, case = logged(), logged(SECOND)
    case.find_unrelated(first, None, at(1), reason=said("another floor"))
    assert (case.unrelated, case.links, last(case)["reason"]) == (frozenset({FIRST}), {}, said("another floor"))
    case.relate(first, None, at(2))
    assert (case.unrelated, case.links) == (frozenset(), {FIRST: LinkKind.RELATED})


def decided(case: Case, decide: str, other: Case, consulted: Consulted | None, minutes: int) -> None:
    """One of the three decisions on a candidate. Only a duplicate is resolved, which ends its wait by the policy."""
    given = (other, consulted, POLICY) if decide == "duplicate" else (other, consulted)
    getattr(case, decide)(*given, at(minutes))


# R-5.6b: the consultation


@pytest.mark.parametrize("decide", ["relate", "find_unrelated", "duplicate"])
def test_r_5_6b_a_decision_keeps_whom_it_consulted_when_and_what_he_said(decide: str) -> None:
    case = in_diagnosis(number=SECOND)
    decided(case, decide, assigned(), ASKED, 5)
    event = vars(case.pending_events[4])
    assert (event["technician"], event["asked_at"], event["words"]) == ("t.lee", moment(3), said("the same switch"))
    assert (event["deviations"], event["timestamp"]) == ((), moment(5))


def test_r_5_6b_a_decision_without_consulting_the_team_says_so() -> None:
    with_team, at_the_desk = logged(SECOND), logged("INC-0000003")
    with_team.relate(assigned(), None, at(5))
    assert last(with_team)["deviations"] == ("first_technician_not_consulted",)
    at_the_desk.relate(in_diagnosis(), None, at(5))
    assert last(at_the_desk)["deviations"] == (), "nobody else works on the first case"


def test_r_5_6b_the_one_who_works_on_the_first_case_is_asked_and_owes_an_answer_by_a_time() -> None:
    first, case = assigned(), logged(SECOND)
    first.accept(at(5, Role.TEAM_MEMBER, "network", subject="t.lee"))
    case.consult(first, POLICY, at(6))
    event = last(case)
    assert (event["case"], event["technician"], event["team"], event["asked_at"]) == (
        FIRST,
        "t.lee",
        "network",
        moment(6),
    )
    due = moment(6) + POLICY.consultation_answer
    assert case.obligations == {
        ANSWER: Obligation(ObligationKind.ANSWER_CONSULTATION, due, Role.TEAM_MEMBER, "network", FIRST)
    }


def test_r_5_6b_while_no_team_has_the_first_case_the_desk_is_asked() -> None:
    case = logged(SECOND)
    case.consult(in_diagnosis(), POLICY, at(6))
    assert (case.obligations[ANSWER].role, case.obligations[ANSWER].team) == (Role.TECHNICIAN, None)
    case.answer_consultation(FIRST, said("no idea"), at(7))
    assert case.obligations == {}


def test_r_5_6b_in_the_technicians_absence_the_team_answers_and_nobody_else() -> None:
    first, case = assigned(), logged(SECOND)
    first.accept(at(5, Role.TEAM_MEMBER, "network", subject="t.lee"))
    case.consult(first, POLICY, at(6))
    for stranger in (at(7), at(7, Role.TEAM_MEMBER, "messaging")):
        with refused(case, NotAssignedTeam):
            case.answer_consultation(FIRST, said(), stranger)
    case.answer_consultation(FIRST, said("same switch"), at(8, Role.TEAM_MEMBER, "network", subject="k.diaz"))
    assert (case.obligations, case.consultations[FIRST].answered_by) == ({}, "k.diaz")
    assert (last(case)["words"], last(case)["timestamp"]) == (said("same switch"), moment(8))
    with refused(case, InvalidTransition):
        case.answer_consultation(FIRST, said(), by_team(9))
    case.relate(first, None, at(9))
    assert (last(case)["technician"], last(case)["asked_at"], last(case)["deviations"]) == ("k.diaz", moment(6), ())


def test_r_5_6b_a_closed_case_asks_nobody_and_none_asks_about_itself() -> None:
    with refused(case := closed(), InvalidTransition):
        case.consult(logged(SECOND), POLICY, at(9))
    with refused(case := logged(), Invalid, "itself"):
        case.consult(case, POLICY, at(9))


def test_r_5_6b_nobody_answers_what_was_not_asked() -> None:
    with refused(case := logged(SECOND), InvalidTransition, "Nobody asked"):
        case.answer_consultation(FIRST, said(), by_team(1))


@pytest.mark.parametrize("decide", ["relate", "find_unrelated", "duplicate"])
def test_r_5_6b_a_decision_ends_the_waiting_for_an_answer(decide: str) -> None:
    first, case = assigned(), in_diagnosis(number=SECOND)
    case.consult(first, POLICY, at(5))
    decided(case, decide, first, ASKED, 6)
    assert case.obligations == {}


# R-5.6c: links


def test_r_5_6c_related_cases_stay_open_and_each_keeps_the_link() -> None:
    first, second = related(assigned(), logged(SECOND, customer="sam"))
    assert (first.links, second.links) == ({SECOND: LinkKind.RELATED}, {FIRST: LinkKind.RELATED})
    assert (first.status, second.status) == (Status.ASSIGNED, Status.LOGGED)


def test_r_5_6c_a_link_is_undone_on_both_sides() -> None:
    first, second = related(assigned(), logged(SECOND))
    assert second.unrelate(FIRST, POLICY, at(6), reason=said("another floor")) is LinkKind.RELATED
    assert (last(second)["reason"], last(second)["kind"]) == (said("another floor"), LinkKind.RELATED)
    first.unmirror(SECOND, POLICY, at(6))
    assert first.links == second.links == {}
    assert (first.status, second.status) == (Status.ASSIGNED, Status.LOGGED)
    with refused(second, InvalidTransition, "not linked"):
        second.unrelate(FIRST, POLICY, at(7))


def test_r_5_6c_a_case_is_not_linked_to_itself_nor_twice() -> None:
    first, second = related(assigned(), logged(SECOND))
    for decide in ("relate", "duplicate", "find_unrelated"):
        with refused(second, Invalid, "itself"):
            decided(second, decide, second, None, 6)
        with refused(second, InvalidTransition, "already"):
            decided(second, decide, first, None, 6)


def test_r_5_6c_a_closed_case_is_linked_still() -> None:
    first, second = related(closed(), closed(number=SECOND), 9)
    assert first.status is second.status is Status.CLOSED
    assert second.linked((LinkKind.RELATED,)) == [FIRST]


def test_r_5_6c_no_other_link_takes_the_place_of_a_duplicates() -> None:
    first, second = duplicates()
    with refused(first, InvalidTransition):
        first.mirror(SECOND, LinkKind.MAJOR, by_team(6))
    with refused(second, InvalidTransition):
        second.mirror(FIRST, LinkKind.PART, by_team(6))
    first, second = related(assigned(), logged(SECOND))
    first.mirror(SECOND, LinkKind.MAJOR, by_team(6))
    second.mirror(FIRST, LinkKind.PART, by_team(6))
    assert (first.links, second.links) == ({SECOND: LinkKind.PART}, {FIRST: LinkKind.MAJOR})


def test_r_5_6c_a_related_case_has_its_own_verification_and_window() -> None:
    first, second = related(notified(7), resolved_at_the_desk(number=SECOND, customer="sam"), 8)
    assert not second.dispute_until
    second.notified("<2@desk>", version_resolved(second), POLICY, by_system(20))
    assert (first.dispute_until, second.dispute_until) == (moment(7 + WINDOW), moment(20 + WINDOW))
