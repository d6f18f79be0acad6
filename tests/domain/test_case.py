"""The rules of a case, clause by clause, without any store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from domain.case import Case
from domain.case.dispute import Confirmation
from domain.case.priority import Assessment
from domain.case.state import CauseCorrected, PendingReason, ResolutionCode
from domain.case.status import COMMANDS, Status
from domain.errors import (
    ConfirmationRequired,
    DiagnosisRequired,
    DisputeWindowClosed,
    DomainError,
    Invalid,
    InvalidTransition,
    PriorityRequired,
    ProblemLinkRequired,
    ServiceRequired,
    VerificationRequired,
)
from domain.policy import MATRIX_1, POLICY_1
from domain.values import Channel, Level, Role
from tests.domain.cases import (
    FIXED,
    MEDIUM,
    NOW,
    assigned,
    at,
    by_team,
    closed,
    in_diagnosis,
    logged,
    negative,
    positive,
    prioritized,
    report,
    resolved,
    said,
    unreachable,
)


def replayed(case: Case) -> Case:
    again: Case | None = None
    for event in case.pending_events:
        again = event.mutate(again)
    assert again is not None
    return again


def state(case: Case) -> dict[str, object]:
    return {name: value for name, value in vars(case).items() if name != "_pending_events"}


@pytest.mark.parametrize("make", [logged, prioritized, in_diagnosis, assigned, resolved, closed])
def test_replaying_the_events_yields_the_same_case(make: Callable[[], Case]) -> None:
    case = make()
    assert state(replayed(case)) == state(case)


# 5.2


def test_r_5_2a_a_contact_cannot_have_been_received_later_than_now() -> None:
    with pytest.raises(Invalid, match="future"):
        logged(received_at=NOW + timedelta(minutes=3))


def test_r_5_2a_back_dating_by_hand_is_bounded_and_needs_a_reason() -> None:
    with pytest.raises(Invalid, match="past"):
        logged(received_at=NOW - timedelta(hours=73))
    old = report(received_at=NOW - timedelta(hours=9))
    with pytest.raises(Invalid, match="reason"):
        Case.log(UUID(int=1), "INC-1", old, POLICY_1, at())
    assert Case.log(UUID(int=1), "INC-1", old, POLICY_1, at(), reason=said()).received_at == old.received_at
    assert Case.log(UUID(int=1), "INC-1", old, POLICY_1, at(role=Role.INTAKE)).version == 1


def test_r_5_2d_a_correction_is_an_event_and_the_channel_never_changes() -> None:
    case = logged(service=None)
    case.correct("service", at(1), value="email", words=None, reason=said())
    assert (case.service, case.version) == ("email", 2)
    for field in ("channel", "number", "received_at", "status", "__class__"):
        with pytest.raises(Invalid, match="cannot be corrected"):
            case.correct(field, at(2), value="x", words=None, reason=said())
    with pytest.raises(Invalid, match="takes a code"):
        case.correct("service", at(2), value="free\ntext", words=None, reason=said())


def test_r_4_2a_impending_becomes_actual_by_an_event() -> None:
    case = logged(nature="impending")
    case.correct("nature", at(1), value="actual", words=None, reason=None)
    assert case.nature == "actual"
    with pytest.raises(Invalid, match="actual or impending"):
        case.correct("nature", at(1), value="perhaps", words=None, reason=None)


# 5.4


@pytest.mark.parametrize(("impact", "row"), [(1, (1, 2, 3)), (2, (2, 3, 4)), (3, (3, 4, 4))])
def test_r_5_4a_the_matrix_sets_the_priority_and_the_event_keeps_both_inputs(
    impact: int, row: tuple[int, int, int]
) -> None:
    for severity, priority in enumerate(row, start=1):
        case = prioritized()
        case.prioritize(Assessment(Level(impact), Level(severity)), MATRIX_1, at(3))
        assert (case.impact, case.severity, case.priority, case.matrix) == (impact, severity, priority, "matrix/1")


def test_r_5_4b_an_override_keeps_the_computed_priority_beside_it() -> None:
    case = prioritized()
    case.prioritize(replace(MEDIUM, override=1), MATRIX_1, at(3), reason=said())
    event = case.pending_events[-1]
    assert (case.priority, vars(event)["computed"]) == (1, 3)


def test_r_5_4c_re_assessment_is_allowed_until_closed() -> None:
    case = resolved()
    case.prioritize(Assessment(Level.HIGH, Level.HIGH), MATRIX_1, at(8))
    assert (case.priority, case.status) == (1, Status.RESOLVED)
    with pytest.raises(InvalidTransition):
        closed().prioritize(MEDIUM, MATRIX_1, at(9))


# 5.5, 5.7


def test_r_4_1b_the_service_must_be_set_before_assignment_and_resolution() -> None:
    case = in_diagnosis(service=None)
    with pytest.raises(ServiceRequired):
        case.assign("network", at(4))
    with pytest.raises(ServiceRequired):
        case.resolve(FIXED, said(), at(4))
    request = replace(FIXED, code=ResolutionCode.RECLASSIFIED_REQUEST)
    case.resolve(request, said(), at(4))
    assert case.status is Status.RESOLVED


def test_r_5_5c_symptoms_or_a_diagnosis_are_required_before_assignment() -> None:
    with pytest.raises(DiagnosisRequired):
        prioritized().assign("network", at(4))
    by_symptoms, by_words = prioritized(symptomatic=True), prioritized()
    by_symptoms.assign("network", at(4))
    by_words.assign("network", at(4), words=said())
    assert by_symptoms.team == by_words.team == "network"


def test_a_case_is_prioritised_before_it_is_worked_on() -> None:
    case = logged()
    case.triage("desk", at(1))
    commands: tuple[Callable[[], None], ...] = (
        lambda: case.diagnose(said(), at(2)),
        lambda: case.assign("network", at(2), words=said()),
        lambda: case.resolve(FIXED, said(), at(2)),
    )
    for command in commands:
        with pytest.raises(PriorityRequired):
            command()


def test_r_5_7a_a_hand_back_is_counted_and_returns_the_case_to_the_desk() -> None:
    case = assigned()
    case.hand_back(said(), at(5))
    assert (case.status, case.team, case.hand_backs) == (Status.IN_DIAGNOSIS, None, 1)


def test_a_case_waits_once_at_a_time_and_its_resolution_ends_the_waiting() -> None:
    case = assigned()
    case.pend(PendingReason.VENDOR, at(5))
    with pytest.raises(InvalidTransition):
        case.pend(PendingReason.CUSTOMER, at(6))
    case.resume(at(7))
    with pytest.raises(InvalidTransition):
        case.resume(at(8))
    case.pend(PendingReason.CUSTOMER, at(9))
    case.verify(positive(10), at(10))
    case.resolve(FIXED, said(), by_team(11))
    assert case.pending is None


# 5.8


def test_r_5_8a_a_team_cannot_resolve_without_a_positive_verification() -> None:
    for verification in (None, negative(5), unreachable(5)):
        case = assigned()
        if verification is not None:
            case.verify(verification, at(5))
        with pytest.raises(VerificationRequired):
            case.resolve(FIXED, said(), by_team(6))


def test_r_5_8a_later_work_makes_a_verification_old_news() -> None:
    works: tuple[Callable[[Case], None], ...] = (
        lambda case: case.diagnose(said(), at(6)),
        lambda case: case.assign("messaging", at(6)),
        lambda case: case.verify(negative(6), at(6)),
    )
    for work in works:
        case = assigned()
        case.verify(positive(5), at(5))
        work(case)
        with pytest.raises(VerificationRequired):
            case.resolve(FIXED, said(), by_team(7))


def test_r_5_8a_a_verification_from_before_the_last_work_does_not_count() -> None:
    case = assigned()  # assigned at minute 4
    case.verify(positive(3), at(6))
    with pytest.raises(VerificationRequired):
        case.resolve(FIXED, said(), by_team(7))
    with pytest.raises(Invalid, match="future"):
        case.verify(positive(9), at(8))


def test_the_desk_resolves_what_is_with_the_desk_and_the_team_what_is_with_the_team() -> None:
    with pytest.raises(InvalidTransition):
        assigned().resolve(FIXED, said(), at(5))
    with pytest.raises(InvalidTransition):
        in_diagnosis().resolve(FIXED, said(), by_team(5))


def test_r_5_8b_a_negative_verification_counts_as_a_failed_fix() -> None:
    case = assigned()
    case.verify(negative(5), at(5))
    assert (case.failed_fixes, case.status) == (1, Status.ASSIGNED)


def test_notes_and_waiting_leave_a_verification_standing() -> None:
    case = assigned()
    case.verify(positive(5), at(5))
    case.note(said(), at(6))
    case.pend(PendingReason.EVIDENCE, at(7))
    case.resume(at(8))
    case.resolve(FIXED, said(), by_team(9))
    assert case.status is Status.RESOLVED


@pytest.mark.parametrize("cause", [CauseCorrected.NO, CauseCorrected.UNKNOWN])
@pytest.mark.parametrize("code", [ResolutionCode.FIXED, ResolutionCode.WORKAROUND])
def test_r_5_8_1a_a_remaining_cause_needs_a_problem(code: ResolutionCode, cause: CauseCorrected) -> None:
    remaining = replace(FIXED, code=code, cause_corrected=cause)
    with pytest.raises(ProblemLinkRequired):
        in_diagnosis().resolve(remaining, said(), at(4))
    case = in_diagnosis()
    case.resolve(replace(remaining, problem="PRB-0000001"), said(), at(4))
    assert case.status is Status.RESOLVED


@pytest.mark.parametrize("code", ["averted", "reclassified_request", "not_reproducible"])
def test_r_5_8_1a_codes_without_a_cause_need_none(code: str) -> None:
    case = in_diagnosis()
    case.resolve(replace(FIXED, code=ResolutionCode(code), cause_corrected=CauseCorrected.NO), said(), at(4))
    assert case.status is Status.RESOLVED


# 5.9


def test_r_5_9c_a_dispute_reopens_the_same_case_where_it_was_and_keeps_its_priority() -> None:
    for make, status, team in ((resolved, Status.ASSIGNED, "network"), (closed, Status.ASSIGNED, "network")):
        case = make()
        case.dispute(NOW + timedelta(minutes=8), at(9), channel=Channel.PHONE, reason=said())
        assert (case.status, case.team, case.priority, case.reopenings) == (status, team, 3, 1)
        assert case.closed_at is None
    at_the_desk = in_diagnosis()
    at_the_desk.resolve(FIXED, said(), at(4))
    at_the_desk.dispute(NOW + timedelta(minutes=5), at(6))
    assert at_the_desk.status is Status.IN_DIAGNOSIS


def test_r_5_9c_what_counts_is_when_a_dispute_was_received() -> None:
    for received, reopens in ((71.9, True), (72.1, False)):
        case = closed()
        case.dispute_until = NOW + timedelta(hours=72)
        if reopens:
            case.dispute(NOW + timedelta(hours=received), at(80 * 60))
            assert case.status is Status.ASSIGNED
        else:
            with pytest.raises(DisputeWindowClosed):
                case.dispute(NOW + timedelta(hours=received), at(80 * 60))
    with pytest.raises(Invalid, match="future"):
        resolved().dispute(NOW + timedelta(hours=1), at(8))


def test_r_5_5d_staff_close_only_with_the_customers_recorded_word() -> None:
    case = resolved()
    with pytest.raises(ConfirmationRequired):
        case.close(POLICY_1.version, at(7))
    with pytest.raises(Invalid, match="future"):
        case.close(POLICY_1.version, at(7), confirmation=Confirmation("phone", NOW + timedelta(hours=1)))
    case.close(POLICY_1.version, at(7), confirmation=Confirmation("phone", NOW))
    assert (case.status, case.closed_at) == (Status.CLOSED, at(7).at)


def test_r_5_9e_nothing_but_the_notification_moves_the_deadline() -> None:
    case = resolved()
    case.dispute_until = deadline = NOW + timedelta(hours=72)
    case.note(said(), at(7))
    case.correct("service", at(8), value="email", words=None, reason=None)
    case.prioritize(Assessment(Level.HIGH, Level.HIGH), MATRIX_1, at(9))
    assert case.dispute_until == deadline


def test_r_5_9f_after_closing_only_notes_and_a_follow_up_remain() -> None:
    case = closed()
    case.note(said(), at(8))
    later = case.follow_up(UUID(int=2), "INC-0000002", report(), POLICY_1, at(9))
    assert later.follow_up_of == "INC-0000001"
    commands: tuple[Callable[[], None], ...] = (
        lambda: case.correct("service", at(9), value="email", words=None, reason=None),
        lambda: case.reopen(said(), at(9)),
        lambda: case.close(POLICY_1.version, at(9, Role.CUSTOMER)),
        lambda: case.assign("network", at(9)),
    )
    for command in commands:
        with pytest.raises(InvalidTransition):
            command()
    with pytest.raises(InvalidTransition):
        resolved().follow_up(UUID(int=2), "INC-0000002", report(), POLICY_1, at(9))


def test_a_refused_command_records_nothing() -> None:
    case = assigned()
    before = case.version
    commands: tuple[Callable[[], None], ...] = (
        lambda: case.triage("desk", at(5)),
        lambda: case.resolve(FIXED, said(), at(5)),
    )
    for command in commands:
        with pytest.raises(DomainError):
            command()
    assert case.version == before == len(case.pending_events)


def test_every_event_has_a_nonce_and_says_who_acted() -> None:
    case = assigned()
    assert all(
        len(vars(event)["nonce"]) == 32 and vars(event)["by"].subject == "somebody" for event in case.pending_events
    )
    assert all(b.originator_version == a.originator_version + 1 for a, b in pairwise(case.pending_events))


def test_the_table_names_a_role_for_every_command() -> None:
    assert all(row.roles for rows in COMMANDS.values() for row in rows)
