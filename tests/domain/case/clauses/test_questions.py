"""SOP 5.8: a case that waits for its customer asks them, and goes on with their answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.pending import ANSWERS
from domain.case.terms import MailedQuestion, PendingReason
from domain.errors import Invalid
from domain.obligation import Obligation, ObligationKind
from domain.values import Role
from tests.domain.cases import (
    FIXED,
    POLICY,
    assigned,
    at,
    by_system,
    by_team,
    in_diagnosis,
    last,
    moment,
    negative,
    positive,
    refused,
    said,
)

READ, ASK = ObligationKind.READ_ANSWER, ObligationKind.ASK_CUSTOMER


def waiting(case: Case | None = None, minutes: float = 10) -> Case:
    """Asked at minute 10."""
    case = case or assigned()
    case.pend(PendingReason.CUSTOMER, at(minutes), question=said("Does it blink?"))
    return case


def answer(case: Case, minutes: float) -> None:
    case.note(said("Yes."), at(minutes, Role.CUSTOMER, subject="jo"), visible_to_customer=True)
    case.answered(case.version, POLICY, at(minutes, Role.CUSTOMER, subject="jo"))


def test_r_5_8_a_question_is_asked_of_the_customer_only() -> None:
    for reason in (PendingReason.VENDOR, PendingReason.PROBLEM, PendingReason.EVIDENCE):
        with refused(case := assigned(), Invalid, "reason code customer"):
            case.pend(reason, at(10), question=said("Does it blink?"))
    case = waiting()
    assert case.question == MailedQuestion(said("Does it blink?"), case.version)
    case.resume(POLICY, at(11))
    assert case.question is None


def test_r_5_8_the_answer_takes_the_mark_away_and_whoever_holds_the_case_is_to_read_it() -> None:
    for case, role, team in ((assigned(), Role.TEAM_MEMBER, "network"), (in_diagnosis(), Role.TECHNICIAN, None)):
        answer(waiting(case), 70)
        assert case.pending is None
        assert case.pauses == ((moment(10), moment(70)),), "the clock goes on"
        resumed = last(case)
        assert (resumed["by"], resumed["answer"]) == (ANSWERS, case.version - 1)
        assert case.obligations == {"read_answer": Obligation(READ, moment(70) + POLICY.read_answer, role, team)}


WORK: tuple[Callable[[Case], None], ...] = (
    lambda case: case.diagnose(said(), at(80)),
    lambda case: case.verify(positive(80), by_team(80)),
    lambda case: case.verify(negative(80), by_team(80)),
    lambda case: case.pend(PendingReason.VENDOR, by_team(80)),
    lambda case: case.discharge("read_answer", "read", moment(80), by_team(80)),
)


@pytest.mark.parametrize("work", WORK)
def test_r_5_8_work_on_the_case_settles_it_to_have_read_the_answer(work: Callable[[Case], None]) -> None:
    answer(case := waiting(), 70)
    work(case)
    assert case.obligations == {}


def test_r_5_8_a_resolution_settles_it_too() -> None:
    case = assigned()
    case.verify(positive(5), by_team(5))
    answer(waiting(case), 70)
    case.resolve(FIXED, said(), POLICY, by_team(80))
    assert case.obligations == {}


def test_r_5_8_with_another_holder_it_is_theirs_to_read_by_the_same_time() -> None:
    answer(case := waiting(), 70)
    due = moment(70) + POLICY.read_answer
    case.assign("messaging", at(80))
    assert case.obligations == {"read_answer": Obligation(READ, due, Role.TEAM_MEMBER, "messaging")}
    case.hand_back(said(), at(90, Role.TEAM_MEMBER, "messaging"))
    assert case.obligations == {"read_answer": Obligation(READ, due)}


def test_r_5_8_what_was_said_before_the_question_does_not_answer_it() -> None:
    case = waiting()
    assert not case.awaits_answer_of(moment(10) - timedelta(microseconds=1))
    assert case.awaits_answer_of(moment(10))
    assert not assigned().awaits_answer_of(moment(10))
    vendor = assigned()
    vendor.pend(PendingReason.VENDOR, at(10))
    assert not vendor.awaits_answer_of(moment(11))


def test_r_5_4c_the_time_of_every_wait_counts_once_however_often_question_and_answer_alternate() -> None:
    case, pauses = assigned(), []
    for start in (10, 100, 200):
        answer(waiting(case, start), start + 50)
        pauses.append((moment(start), moment(start + 50)))
    assert case.pauses == tuple(pauses)
    assert set(case.obligations) == {"read_answer"}


def test_r_5_8_a_question_that_reached_nobody_is_asked_by_other_means() -> None:
    case = waiting()
    case.question_failed("bounced", "<1@desk>", case.version, POLICY, by_system(20))
    due = moment(20) + POLICY.read_answer
    assert case.obligations == {"ask_customer": Obligation(ASK, due, Role.TEAM_MEMBER, "network")}
    assert case.awaits_customer, "its holder decides"
    case.discharge("ask_customer", "phone", moment(30), by_team(30))
    assert case.obligations == {}
    case.question_failed("bounced", "<1@desk>", case.version, POLICY, by_system(40))
    case.resume(POLICY, by_team(50))
    assert case.obligations == {}
