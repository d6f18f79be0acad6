"""SOP 5.9: a mail of unclear intent halts the timer until a technician has understood it (R-5.9c)."""

from __future__ import annotations

from datetime import timedelta

from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.status import Status
from domain.errors import DisputeWindowClosed, Invalid, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.values import Channel, Role
from tests.domain.cases import (
    HOUR,
    POLICY,
    WINDOW,
    assigned,
    at,
    by_system,
    elapsed,
    last,
    moment,
    notified,
    refused,
    resolved,
    said,
    version_resolved,
)

END = 7 + WINDOW
"""When the window of `notified()` and of `elapsed()` ends, in minutes."""
INSTANT = timedelta(microseconds=1)


def held(received: float = 60, read: float = 90) -> Case:
    """Notified at minute 7; a mail of unclear intent came at minute 60 and was read at minute 90."""
    case = notified(7)
    case.suspect_dispute(moment(received), said("hm"), POLICY, at(read, Role.INTAKE), channel=Channel.EMAIL)
    return case


def test_r_5_9c_a_mail_of_unclear_intent_halts_the_timer_and_waits_for_a_technician() -> None:
    case = held()
    assert (case.status, case.closes_at, case.dispute_until) == (Status.RESOLVED, None, moment(END))
    due = moment(90) + POLICY.decide_dispute
    assert case.obligations == {"decide_dispute": Obligation(ObligationKind.DECIDE_DISPUTE, due, Role.TECHNICIAN)}
    assert (last(case)["channel"], last(case)["words"], last(case)["received_at"]) == ("email", said("hm"), moment(60))
    for late in (END, 10 * END):
        with refused(case, InvalidTransition, "window"):
            case.close_elapsed(version_resolved(case), POLICY, by_system(late))


def test_r_5_9c_one_mail_is_decided_on_at_a_time() -> None:
    with refused(case := held(), InvalidTransition, "held already"):
        case.suspect_dispute(moment(95), said(), POLICY, at(95))


def test_r_5_9c_upheld_it_reopens_the_case_as_of_when_it_came() -> None:
    case = held()
    case.uphold_dispute(POLICY, at(10 * END), reason=said("still broken"))
    assert (case.status, case.team, case.obligations) == (Status.ASSIGNED, "network", {})
    disputed, reopened = (vars(event) for event in case.pending_events[-2:])
    assert (disputed["received_at"], reopened["disputed"], reopened["reason"]) == (
        moment(60),
        True,
        said("still broken"),
    )
    assert case.suspected_at is None


def test_r_5_9c_dismissed_with_a_reason_the_window_runs_on_from_where_it_was() -> None:
    case = held()  # 53 minutes of the window had passed
    case.dismiss_dispute(said("says thanks"), at(60 + 500))
    assert (case.obligations, case.suspected_at, last(case)["reason"]) == ({}, None, said("says thanks"))
    assert case.dispute_until == case.closes_at == moment(END + 500)
    with refused(case, InvalidTransition):
        case.close_elapsed(version_resolved(case), POLICY, by_system(END + 499))
    case.close_elapsed(version_resolved(case), POLICY, by_system(END + 500))


def test_r_5_9c_two_mails_halt_the_timer_for_as_long_as_each_was_held() -> None:
    case = held()
    case.dismiss_dispute(said(), at(100))
    case.suspect_dispute(moment(200), said(), POLICY, at(200))
    case.dismiss_dispute(said(), at(260))
    assert case.dispute_until == moment(END + 40 + 60)


def test_r_5_9c_a_mail_from_before_the_window_halts_it_only_from_its_start() -> None:
    """The window starts when the customer is told, not when the case was resolved."""
    case = held(received=6.5, read=90)
    case.dismiss_dispute(said(), at(100))
    assert case.dispute_until == moment(END + (100 - 7))
    before = resolved()
    before.suspect_dispute(moment(6.5), said(), POLICY, at(6.5))
    before.notified("<1@desk>", version_resolved(before), POLICY, by_system(7))
    assert before.closes_at is None
    before.dismiss_dispute(said(), at(107))
    assert before.dispute_until == moment(END + 100)


def test_r_5_9c_where_no_window_runs_dismissing_starts_none() -> None:
    case = resolved()
    case.suspect_dispute(moment(7), said(), POLICY, at(7))
    case.dismiss_dispute(said(), at(8))
    assert (case.dispute_until, case.closes_at) == (None, None)


def test_r_5_9c_a_mail_that_came_in_time_and_is_read_after_the_closing_may_still_be_a_dispute() -> None:
    case = elapsed()
    case.suspect_dispute(moment(END), said(), POLICY, at(END + 10 * 24 * HOUR, Role.INTAKE))
    assert (case.status, set(case.obligations)) == (Status.CLOSED, {"decide_dispute"})
    case.uphold_dispute(POLICY, at(END + 11 * 24 * HOUR))
    assert case.status is Status.ASSIGNED


def test_r_5_9c_dismissed_after_the_closing_it_changes_nothing() -> None:
    case = elapsed()
    case.suspect_dispute(moment(END), said(), POLICY, at(END + 60, Role.INTAKE))
    case.dismiss_dispute(said(), at(END + 120))
    assert (case.status, case.dispute_until, case.obligations) == (Status.CLOSED, moment(END), {})


def test_r_5_9f_a_mail_that_came_after_the_window_is_no_candidate() -> None:
    with refused(case := elapsed(), DisputeWindowClosed):
        case.suspect_dispute(moment(END) + INSTANT, said(), POLICY, at(END + 60, Role.INTAKE))


def test_r_5_9c_a_mail_received_before_the_resolution_is_no_candidate() -> None:
    for received in (-10 * 24 * HOUR, 5):  # resolved at minute 6
        with refused(case := notified(), Invalid, "resolved after that"):
            case.suspect_dispute(moment(received), said(), POLICY, at(90, Role.INTAKE), witnessed=True)


def test_r_5_9c_a_mail_is_not_received_in_the_future() -> None:
    """Or dismissing it would take time away from the customer."""
    with refused(case := notified(), Invalid, "future"):
        case.suspect_dispute(moment(91), said(), POLICY, at(90, Role.INTAKE))


def test_r_5_2a_by_hand_a_mail_was_received_72_hours_ago_at_most() -> None:
    case = notified()
    with refused(case, Invalid, "past"):
        case.suspect_dispute(moment(8), said(), POLICY, at(8 + WINDOW + 1))
    case.suspect_dispute(moment(8), said(), POLICY, at(8 + WINDOW + 1, Role.INTAKE))


def test_r_5_9c_there_is_nothing_to_decide_without_a_mail() -> None:
    with refused(case := notified(), InvalidTransition, "not held"):
        case.uphold_dispute(POLICY, at(8))
    with refused(case, InvalidTransition, "not held"):
        case.dismiss_dispute(said(), at(8))
    with refused(case := assigned(), InvalidTransition):
        case.suspect_dispute(moment(8), said(), POLICY, at(8))


def test_r_5_9c_a_mail_stays_to_be_decided_on_when_the_case_is_closed_meanwhile() -> None:
    case = held()
    with refused(case, Invalid, "written since"):
        case.close(POLICY, at(100), confirmation=Confirmation("phone", moment(50)))
    case.close(POLICY, at(100), confirmation=Confirmation("phone", moment(95)))
    assert set(case.obligations) == {"decide_dispute"}
    case.uphold_dispute(POLICY, at(101))
    assert (case.status, case.obligations) == (Status.ASSIGNED, {})


def test_r_5_9c_the_duty_manager_closes_nothing_over_a_candidate() -> None:
    case = resolved()
    for minutes in (7, 8, 9):
        case.not_notified("no-address", POLICY, by_system(minutes))
    case.suspect_dispute(moment(10), said(), POLICY, at(10))
    with refused(case, InvalidTransition, "held for a dispute"):
        case.close(POLICY, at(11, Role.DUTY_MANAGER), reason=said())
    case.dismiss_dispute(said(), at(12))
    case.close(POLICY, at(13, Role.DUTY_MANAGER), reason=said())
