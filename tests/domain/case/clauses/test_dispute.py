"""SOP 5.9: the customer may dispute the resolution for 3 days; then the case closes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.status import Status
from domain.errors import ConfirmationRequired, DisputeWindowClosed, Forbidden, Invalid, InvalidTransition
from domain.values import Channel, Role
from tests.domain.cases import (
    FIXED,
    HOUR,
    NOW,
    POLICY,
    WINDOW,
    assigned,
    at,
    by_system,
    by_team,
    closed,
    elapsed,
    in_diagnosis,
    last,
    logged,
    moment,
    notified,
    positive,
    refused,
    resolved,
    resolved_at_the_desk,
    said,
    version_resolved,
)

END = 7 + WINDOW
"""When the window of `notified()` and of `elapsed()` ends, in minutes."""
INSTANT = timedelta(microseconds=1)

# R-5.9c: disputes


@pytest.mark.parametrize("make", [resolved, notified, closed, elapsed])
def test_r_5_9c_a_dispute_reopens_the_same_case_with_its_team_and_priority(make: Callable[[], Case]) -> None:
    case = make()
    case.dispute(moment(END), POLICY, at(END), channel=Channel.EMAIL, reason=said("no"))
    assert (case.status, case.team, case.priority, case.reopenings) == (Status.ASSIGNED, "network", 3, 1)
    assert (case.closed_at, case.resolution, case.dispute_until, case.solution) == (None, None, None, None)
    disputed, reopened = (vars(event) for event in case.pending_events[-2:])
    assert (disputed["received_at"], disputed["channel"], disputed["reason"]) == (moment(END), "email", said("no"))
    assert (reopened["disputed"], reopened["status"]) == (True, "assigned")


def test_r_5_9c_what_the_desk_resolved_returns_to_the_desk() -> None:
    case = resolved_at_the_desk()
    case.dispute(moment(5), POLICY, at(6, Role.CUSTOMER))
    assert case.status is Status.IN_DIAGNOSIS


@pytest.mark.parametrize("channel", [*Channel, None])
def test_r_5_9c_a_dispute_is_accepted_on_every_channel(channel: Channel | None) -> None:
    case = notified()
    case.dispute(moment(10), POLICY, at(10), channel=channel)
    assert case.status is Status.ASSIGNED


def test_r_5_9c_the_first_dispute_wins() -> None:
    case = notified()
    case.dispute(moment(10), POLICY, at(10, Role.CUSTOMER))
    with refused(case, InvalidTransition):
        case.dispute(moment(10), POLICY, at(11))
    assert case.reopenings == 1


def test_r_5_9c_one_received_at_the_very_deadline_reopens_though_the_case_has_closed() -> None:
    case = elapsed()
    case.dispute(moment(END), POLICY, at(END + 24 * HOUR))
    assert case.status is Status.ASSIGNED


def test_r_5_9c_one_received_a_microsecond_later_is_too_late() -> None:
    with refused(case := elapsed(), DisputeWindowClosed):
        case.dispute(moment(END) + INSTANT, POLICY, at(END + 24 * HOUR))


def test_r_5_9c_before_the_timer_has_closed_it_a_late_one_still_reopens() -> None:
    """The table: a dispute is taken while the case is resolved."""
    case = notified()
    case.dispute(moment(END) + INSTANT, POLICY, at(END + 1))
    assert case.status is Status.ASSIGNED


def test_r_5_9c_a_customers_own_word_for_when_does_not_count() -> None:
    with refused(case := elapsed(), DisputeWindowClosed):
        case.dispute(moment(END), POLICY, at(END + 1, Role.CUSTOMER))


def test_r_5_9c_a_dispute_comes_not_from_the_future_nor_from_long_ago_by_hand() -> None:
    with refused(case := notified(), Invalid, "future"):
        case.dispute(moment(9), POLICY, at(8))
    with refused(case := elapsed(), Invalid, "past"):
        case.dispute(moment(END), POLICY, at(END + 72 * HOUR + 1))


@pytest.mark.parametrize("make", [resolved, notified, closed, elapsed])
def test_r_5_9c_what_was_received_before_the_resolution_does_not_dispute_it(make: Callable[[], Case]) -> None:
    case = make()  # resolved at minute 6
    with refused(case, Invalid, "resolved after that"):
        case.dispute(moment(5), POLICY, at(END), witnessed=True)
    case.dispute(moment(6), POLICY, at(END), witnessed=True)
    assert case.status is Status.ASSIGNED
    with refused(by_hand := notified(), Invalid, "resolved after that"):
        by_hand.dispute(moment(5), POLICY, at(60))


def test_r_5_9c_times_are_told_to_the_second() -> None:
    """A mail server's clock has no fractions: what came within the second of the resolution counts."""
    case = assigned()
    case.verify(positive(5), by_team(5))
    case.resolve(FIXED, said(), POLICY, by_team(6 + 0.9 / 60))
    with refused(case, Invalid, "resolved after that"):
        case.dispute(moment(6) - INSTANT, POLICY, at(7))
    case.dispute(moment(6), POLICY, at(7))


def test_r_5_9c_what_was_received_between_two_resolutions_disputes_the_first_only() -> None:
    case = notified()
    case.dispute(moment(20), POLICY, at(20))
    case.verify(positive(30), by_team(30))
    case.resolve(FIXED, said(), POLICY, by_team(31))
    with refused(case, Invalid, "resolved after that"):
        case.dispute(moment(25), POLICY, at(32), witnessed=True)


def test_r_5_9c_what_is_open_is_not_disputed() -> None:
    for case in (logged(), in_diagnosis(), assigned()):
        with refused(case, InvalidTransition):
            case.dispute(moment(10), POLICY, at(10))


def test_r_5_9g_while_the_customer_was_not_told_he_may_dispute() -> None:
    case = closed()
    case.dispute(moment(1000 * HOUR), POLICY, at(1000 * HOUR, Role.CUSTOMER))
    assert case.status is Status.ASSIGNED


# R-5.5d, R-6.2: closing with the customer's word


def test_r_5_5d_staff_close_only_with_the_customers_recorded_word() -> None:
    case = resolved()
    for staff in (at(7), by_team(7)):
        with refused(case, ConfirmationRequired):
            case.close(POLICY, staff)
    with refused(case, Invalid, "future"):
        case.close(POLICY, at(7), confirmation=Confirmation("phone", NOW + timedelta(hours=1)))
    case.close(POLICY, at(7), confirmation=Confirmation("phone", moment(6)), words=said("Jo Field"))
    event = last(case)
    assert (case.status, case.closed_at) == (Status.CLOSED, moment(7))
    assert (event["confirmation"], event["words"], event["policy"]) == (
        Confirmation("phone", moment(6)),
        said("Jo Field"),
        "policy/1",
    )


def test_r_5_5d_r_6_2_a_word_from_before_the_resolution_closes_nothing() -> None:
    case = resolved()  # at minute 6
    for heard in (moment(6) - INSTANT, moment(-10 * 365 * 24 * HOUR)):
        for staff in (at(7), by_team(7)):
            with refused(case, Invalid, "resolved after that"):
                case.close(POLICY, staff, confirmation=Confirmation("phone", heard))
    case.reopen(said(), POLICY, at(8))
    case.verify(positive(9), by_team(9))
    case.resolve(FIXED, said(), POLICY, by_team(10))
    with refused(case, Invalid, "resolved after that"):
        case.close(POLICY, at(11), confirmation=Confirmation("phone", moment(7)))


def test_r_6_2_the_customer_closes_by_accepting_and_a_team_with_his_recorded_word() -> None:
    closed_by_customer, closed_by_team = resolved(), resolved()
    closed_by_customer.close(POLICY, at(7, Role.CUSTOMER))
    closed_by_team.close(POLICY, by_team(7), confirmation=Confirmation("mail", moment(6)))
    assert closed_by_customer.status is closed_by_team.status is Status.CLOSED


def test_r_6_2_closing_is_not_the_duty_managers() -> None:
    """But for R-5.9g, and then with a reason: test_notification.py."""
    for case in (logged(), assigned(), notified(), closed()):
        with refused(case, Forbidden):
            case.close(POLICY, at(8, Role.DUTY_MANAGER), confirmation=Confirmation("phone", moment(6)), reason=said())


def test_r_6_2_only_what_is_resolved_is_closed() -> None:
    for case in (logged(), in_diagnosis(), assigned(), closed()):
        with refused(case, InvalidTransition):
            case.close(POLICY, at(7), confirmation=Confirmation("phone", moment(6)))


def test_r_5_5d_the_right_to_dispute_survives_an_early_closing_to_the_same_deadline() -> None:
    case = notified(7)
    case.close(POLICY, at(8), confirmation=Confirmation("phone", moment(8)))
    assert case.dispute_until == moment(END)
    with refused(case, DisputeWindowClosed):
        case.dispute(moment(END) + INSTANT, POLICY, at(END + 1))
    case.dispute(moment(END), POLICY, at(END + 1))
    assert (case.number, case.status) == ("INC-0000001", Status.ASSIGNED)


# reopening by staff


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER])
def test_staff_reopen_with_a_reason_where_the_case_was(role: Role) -> None:
    case = notified()
    case.reopen(said("the fix was rolled back"), POLICY, at(8, role, "network" if role is Role.TEAM_MEMBER else None))
    assert (case.status, case.team, case.reopenings, case.dispute_until) == (Status.ASSIGNED, "network", 1, None)
    assert (last(case)["reason"], last(case)["disputed"]) == (said("the fix was rolled back"), False)


def test_a_new_resolution_has_a_window_of_its_own() -> None:
    case = resolved_at_the_desk()
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(5))
    case.dispute(moment(100), POLICY, at(100))
    case.resolve(FIXED, said(), POLICY, at(200))
    assert (case.dispute_until, case.closes_at) == (None, None)
    case.notified("<2@desk>", version_resolved(case), POLICY, by_system(300))
    assert case.dispute_until == moment(300 + WINDOW)
