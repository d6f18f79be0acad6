"""SOP 5.4: severity and impact set the priority, and the priority the targets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.calendar import SupportCalendar
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.priority import NOMINATES, Assessment
from domain.case.status import Status
from domain.case.terms import Major, PendingReason
from domain.errors import Invalid, InvalidTransition, PriorityRequired
from domain.obligation import ObligationKind
from domain.policy import Matrix
from domain.values import Level, Role
from tests.domain.cases import (
    FIXED,
    HIGH,
    HOUR,
    MEDIUM,
    NOW,
    POLICY,
    assigned,
    at,
    by_team,
    calendar_of,
    closed,
    in_diagnosis,
    last,
    logged,
    moment,
    prioritized,
    refused,
    resolved,
    said,
    triaged,
    verified,
)

LOW = Assessment(Level.LOW, Level.LOW)


@pytest.mark.parametrize(("impact", "row"), [(1, (1, 2, 3)), (2, (2, 3, 4)), (3, (3, 4, 4))])
def test_r_5_4a_the_matrix_sets_the_priority_and_the_event_keeps_both_inputs(
    impact: int, row: tuple[int, int, int]
) -> None:
    for severity, priority in enumerate(row, start=1):
        case = triaged()
        case.prioritize(Assessment(Level(impact), Level(severity)), POLICY, at(3))
        event = next(vars(e) for e in case.pending_events if vars(e).get("matrix"))
        assert (event["impact"], event["severity"], event["priority"]) == (impact, severity, priority)
        assert (event["matrix"], event["policy"], event["computed"]) == ("matrix/1", "policy/1", None)
        assert (case.impact, case.severity, case.priority, case.matrix) == (impact, severity, priority, "matrix/1")
        assert case.status is Status.PRIORITIZED


def test_r_5_4a_another_matrix_decides_otherwise_and_is_named() -> None:
    other = replace(POLICY, version="policy/2", matrix=Matrix("matrix/2", ((1, 1, 1), (1, 2, 2), (3, 4, 4))))
    case = prioritized()
    case.prioritize(MEDIUM, other, at(3))
    assert (case.priority, case.matrix, last(case)["policy"]) == (2, "matrix/2", "policy/2")
    assert vars(case.pending_events[2])["priority"] == 3, "what was decided before reads as before"


def test_r_5_4b_an_override_needs_a_reason_and_keeps_the_computed_priority_beside_it() -> None:
    case = prioritized()
    with refused(case, Invalid, "reason"):
        case.prioritize(replace(MEDIUM, override=2), POLICY, at(3))
    case.prioritize(replace(MEDIUM, override=2), POLICY, at(3), reason=said("the governor's"))
    assert (case.priority, last(case)["computed"], last(case)["reason"]) == (2, 3, said("the governor's"))
    case.prioritize(replace(MEDIUM, override=3), POLICY, at(4))
    assert last(case)["computed"] is None, "saying what the matrix says overrides nothing"


def test_r_5_4c_re_assessment_is_allowed_until_closed() -> None:
    case = resolved()
    case.prioritize(HIGH, POLICY, at(8))
    assert (case.priority, case.status) == (1, Status.RESOLVED)
    for refuses in (closed(), logged()):
        with refused(refuses, InvalidTransition):
            refuses.prioritize(MEDIUM, POLICY, at(9))


def test_r_5_4c_re_assessment_leaves_work_where_it_is() -> None:
    for case, status in ((in_diagnosis(), Status.IN_DIAGNOSIS), (assigned(), Status.ASSIGNED)):
        case.prioritize(LOW, POLICY, at(5))
        assert (case.status, case.priority) == (status, 4)


@pytest.mark.parametrize("assessment", [HIGH, MEDIUM, LOW])
def test_r_5_4c_targets_are_recomputed_from_received_at(assessment: Assessment) -> None:
    case = prioritized()
    case.prioritize(assessment, POLICY, at(600))
    assert case.priority is not None
    target, calendar = POLICY.targets[case.priority - 1], calendar_of(case.priority)
    assert (case.respond_by, case.resolve_by) == (calendar.add(NOW, target.respond), calendar.add(NOW, target.resolve))


def test_r_5_4c_the_accumulated_pause_is_kept() -> None:
    case = assigned()
    case.pend(PendingReason.CUSTOMER, at(10))
    case.resume(POLICY, at(70))
    case.pend(PendingReason.VENDOR, at(80))
    case.resume(POLICY, at(200))
    case.prioritize(HIGH, POLICY, at(210))
    pauses = ((moment(10), moment(70)),)
    assert case.pauses == pauses
    assert case.resolve_by == calendar_of(1).add(NOW, POLICY.targets[0].resolve, pauses)
    assert case.resolve_by == moment(2 * HOUR + 60), "the customer's hour does not count, the vendor's does"
    assert case.respond_by == moment(15), "a pause moves no answer"


def test_r_5_4c_a_pause_that_the_resolution_ended_is_kept_too() -> None:
    case = verified()
    case.prioritize(HIGH, POLICY, by_team(5))
    case.pend(PendingReason.CUSTOMER, by_team(10))
    case.resolve(FIXED, said(), POLICY, by_team(40))
    case.prioritize(LOW, POLICY, at(50))
    case.prioritize(HIGH, POLICY, at(50))
    assert case.resolve_by == moment(2 * HOUR + 30)
    case.reopen(said(), POLICY, at(60))
    assert case.resolve_by == moment(2 * HOUR + 50), "neither that pause nor the time it was resolved"
    case.prioritize(LOW, POLICY, at(61))
    case.prioritize(HIGH, POLICY, at(61))
    assert case.resolve_by == moment(2 * HOUR + 50)


def test_r_5_4c_the_time_between_resolution_and_dispute_counts_against_no_target() -> None:
    case = verified()
    case.prioritize(HIGH, POLICY, by_team(5))
    case.resolve(FIXED, said(), POLICY, by_team(6))
    case.dispute(moment(20), POLICY, at(26))
    assert case.pauses == ((moment(6), moment(26)),)
    assert case.resolve_by == moment(2 * HOUR + 20)


# R-4.1a: whose calendar

ALWAYS_PAYROLL = SupportCalendar("always", "service", "payroll", 3)


def test_r_4_1a_targets_run_on_the_calendar_that_is_named_and_the_event_keeps_which() -> None:
    case = triaged()
    case.prioritize(MEDIUM, POLICY, at(3), named=ALWAYS_PAYROLL)
    assert (case.respond_by, case.resolve_by) == (moment(2 * HOUR), moment(9 * HOUR))
    assert last(case)["calendar"] == case.calendar == ALWAYS_PAYROLL
    assert last(case)["policy"] == "policy/1", "whose business hours count"


def test_r_4_1a_without_one_they_run_on_the_policys() -> None:
    for assessment, name in ((HIGH, "always"), (MEDIUM, "business"), (LOW, "business")):
        case = triaged()
        case.prioritize(assessment, POLICY, at(3))
        assert case.calendar == SupportCalendar(name, "policy")


def test_r_4_1a_what_runs_around_the_clock_does_so_for_every_service() -> None:
    case = triaged()
    case.prioritize(HIGH, POLICY, at(3), named=SupportCalendar("business", "service", "printing", 1))
    assert case.calendar == SupportCalendar("always", "policy")
    assert case.resolve_by == moment(2 * HOUR)


def test_r_4_1a_a_pause_moves_the_target_on_the_calendar_that_was_chosen() -> None:
    case = triaged()
    case.prioritize(MEDIUM, POLICY, at(3), named=ALWAYS_PAYROLL)
    case.pend(PendingReason.CUSTOMER, at(10))
    case.resume(POLICY, at(70))
    assert case.resolve_by == moment(10 * HOUR)
    first, second, third, fourth = POLICY.targets
    around = replace(POLICY, targets=(first, second, replace(third, around_the_clock=True), fourth))
    for policy in (POLICY, around):
        case.pend(PendingReason.CUSTOMER, at(80))
        case.resume(policy, at(80))
        assert case.resolve_by == moment(10 * HOUR), "also by a later policy"
    case.prioritize(MEDIUM, POLICY, at(90))
    assert case.resolve_by == calendar_of(3).add(NOW, POLICY.targets[2].resolve, case.pauses), "until assessed anew"


def test_r_4_1a_an_assignment_leaves_the_targets_where_they_are() -> None:
    case = in_diagnosis()
    before = (case.respond_by, case.resolve_by, case.calendar)
    case.assign("network", at(5))
    case.hand_back(said(), by_team(6))
    assert (case.respond_by, case.resolve_by, case.calendar) == before


# R-5.7b


def test_r_5_7b_priority_1_nominates_itself() -> None:
    case = triaged()
    case.prioritize(HIGH, POLICY, at(2))
    assert (case.major, last(case)["by"]) == (Major.NOMINATED, NOMINATES)
    assert case.obligations[ObligationKind.ANSWER_NOMINATION].due_at == moment(2) + POLICY.nomination_answer
    case.prioritize(HIGH, POLICY, at(3))
    assert len([e for e in case.pending_events if e.TOPIC == "case.major_nominated"]) == 1  # type: ignore[attr-defined]


def test_r_5_7b_what_was_rejected_is_not_nominated_again_until_it_becomes_priority_1_anew() -> None:
    case = assigned()
    case.prioritize(HIGH, POLICY, at(5))
    case.reject(said("one printer"), by_team(6))
    case.prioritize(HIGH, POLICY, at(7))
    assert (case.major, case.priority) == (Major.REJECTED, 1)
    case.prioritize(MEDIUM, POLICY, at(8))
    case.prioritize(HIGH, POLICY, at(9))
    assert case.major is Major.NOMINATED


def test_r_5_7b_what_is_resolved_nominates_itself_no_more() -> None:
    case = resolved()
    case.prioritize(HIGH, POLICY, at(8))
    assert case.major is None
    case.close(POLICY, at(9), confirmation=Confirmation("phone", moment(8)))
    assert case.obligations == {}


def test_a_case_that_is_ours_is_prioritised_before_it_is_worked_on() -> None:
    case = triaged()
    with refused(case, PriorityRequired):
        case.diagnose(said(), at(2))
    with refused(case, PriorityRequired):
        case.search_known_errors(said(), (), None, False, at(2))
    with refused(case, PriorityRequired):
        case.assign("network", at(2), words=said())
    with refused(case, PriorityRequired):
        case.resolve(FIXED, said(), POLICY, at(2))
    assert case.status is Status.TRIAGED


def test_r_5_4b_whoever_may_assess_may_override() -> None:
    case = assigned()
    case.prioritize(replace(MEDIUM, override=4), POLICY, at(5, Role.TEAM_MEMBER, "network"), reason=said())
    assert case.priority == 4
