"""SOP 5.9, first half: the customer is told, and from then on has 3 days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from domain.case import Case
from domain.case.clauses.closure import CLOSES, Confirmation
from domain.case.clauses.notification import ContactAttempt
from domain.case.status import Status
from domain.errors import ConfirmationRequired, Forbidden, Invalid, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.values import Actor, Provenance, Role
from tests.domain.cases import (
    FIXED,
    HIGH,
    HOUR,
    POLICY,
    WINDOW,
    assigned,
    at,
    by_system,
    closed,
    elapsed,
    in_diagnosis,
    last,
    moment,
    notified,
    refused,
    resolved,
    resolved_at_the_desk,
    said,
    version_resolved,
)

INSTANT = 1 / 60_000_000
"""A microsecond, in minutes."""


def unreached(failures: int = 1) -> Case:
    """Resolved at minute 6; then no mail came through, at minutes 7, 8 and so on."""
    case = resolved()
    for failure in range(failures):
        case.not_notified("bounced", POLICY, by_system(7 + failure), message=f"<{failure}@desk>")
    return case


def by_manager(minutes: float) -> Provenance:
    return at(minutes, Role.DUTY_MANAGER, subject="d.manager")


# R-5.9d: the window


def test_r_5_9d_the_window_is_72_hours_from_the_moment_the_mail_was_accepted() -> None:
    case = resolved()
    assert (case.dispute_until, case.closes_at) == (None, None), "the resolution alone starts nothing"
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(100))
    assert case.dispute_until == case.closes_at == moment(100) + timedelta(hours=72)
    event = last(case)
    assert (event["accepted_at"], event["policy"], event["message"]) == (moment(100), "policy/1", "<1@desk>")


def test_r_5_9d_it_closes_at_the_deadline_and_no_sooner() -> None:
    case = notified(7)
    with refused(case, InvalidTransition, "inside its dispute window"):
        case.close_elapsed(version_resolved(case), POLICY, by_system(7 + WINDOW - INSTANT))
    closing = replace(by_system(7 + WINDOW), by=Actor(CLOSES, Role.SYSTEM))
    case.close_elapsed(version_resolved(case), POLICY, closing)
    event = last(case)
    assert (case.status, case.closed_at) == (Status.CLOSED, moment(7 + WINDOW))
    assert (event["policy"], vars(event["by"])["subject"]) == ("policy/1", "system:auto-close")


def test_r_5_9d_nobody_plays_the_timer() -> None:
    for who in (at(7 + WINDOW), by_manager(7 + WINDOW), at(7 + WINDOW, Role.CUSTOMER)):
        with refused(case := notified(7), Forbidden):
            case.close_elapsed(version_resolved(case), POLICY, who)


def test_r_5_9d_it_closes_exactly_once() -> None:
    case = elapsed()
    with refused(case, InvalidTransition):
        case.close_elapsed(version_resolved(case), POLICY, by_system(8 + WINDOW))


def test_r_5_9d_a_timer_that_was_set_for_another_resolution_closes_nothing() -> None:
    case = resolved_at_the_desk()
    first = version_resolved(case)
    case.notified("<1@desk>", first, POLICY, by_system(5))
    case.dispute(moment(6), POLICY, at(6))
    with refused(case, InvalidTransition):
        case.close_elapsed(first, POLICY, by_system(5 + WINDOW))
    case.resolve(FIXED, said(), POLICY, at(7))
    case.notified("<2@desk>", version_resolved(case), POLICY, by_system(8))
    for minute in (5 + WINDOW, 8 + WINDOW):
        with refused(case, InvalidTransition, "anew"):
            case.close_elapsed(first, POLICY, by_system(minute))
    with refused(case, InvalidTransition, "inside"):
        case.close_elapsed(version_resolved(case), POLICY, by_system(5 + WINDOW))
    case.close_elapsed(version_resolved(case), POLICY, by_system(8 + WINDOW))


def test_r_5_9d_without_a_notification_the_timer_has_nothing_to_close() -> None:
    with refused(case := resolved(), InvalidTransition):
        case.close_elapsed(version_resolved(case), POLICY, by_system(100 * WINDOW))
    with refused(case := assigned(), InvalidTransition):
        case.close_elapsed(1, POLICY, by_system(100 * WINDOW))


def test_r_5_9d_a_longer_window_is_policy_and_the_one_that_started_it_counts() -> None:
    longer = replace(POLICY, version="policy/2", dispute_window=timedelta(hours=100))
    case = resolved()
    case.notified("<1@desk>", version_resolved(case), longer, by_system(7))
    assert case.dispute_until == moment(7 + 100 * HOUR)
    with refused(case, InvalidTransition):
        case.close_elapsed(version_resolved(case), POLICY, by_system(7 + WINDOW))
    case.close_elapsed(version_resolved(case), POLICY, by_system(7 + 100 * HOUR))
    assert last(case)["policy"] == "policy/1", "the policy in force when it closed"


def test_r_5_9d_rolled_to_the_end_of_a_business_day_it_is_never_shorter() -> None:
    rolling = replace(POLICY, roll_to_business_day=True)
    for hours in range(0, 24 * 8, 5):  # Thanksgiving week, by night and day
        case = resolved()
        case.notified("<1@desk>", version_resolved(case), rolling, by_system(7 + hours * HOUR))
        assert case.dispute_until is not None
        ended = moment(7 + hours * HOUR) + timedelta(hours=72)
        assert case.dispute_until == POLICY.business.end_of_business_day(ended) >= ended


# R-5.9e


def test_r_5_9e_nothing_but_the_notification_moves_the_deadline() -> None:
    case = notified(7)
    deadline = case.dispute_until
    case.note(said(), at(8))
    case.correct("service", at(9), value="email", words=None, reason=None)
    case.correct("email", at(9), value=None, words=said("jo@agency.example"), reason=None)
    case.prioritize(HIGH, POLICY, at(10))
    case.nominate(POLICY, by_system(11))
    case.relate(in_diagnosis(number="INC-0000009"), None, at(12))
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(13))  # the same mail, once more
    case.not_notified("bounced", POLICY, by_system(14))
    case.tell_by_other_means(ContactAttempt("phone", moment(15), informed=True), POLICY, at(15))
    case.close(POLICY, at(16), confirmation=Confirmation("phone", moment(16)))
    assert case.dispute_until == deadline


def test_r_5_9e_a_mail_about_an_older_resolution_starts_no_window() -> None:
    case = resolved_at_the_desk()
    first = version_resolved(case)
    case.reopen(said(), POLICY, at(5))
    with refused(case, InvalidTransition):
        case.notified("<1@desk>", first, POLICY, by_system(6))
    case.resolve(FIXED, said(), POLICY, at(7))
    with refused(case, InvalidTransition, "anew"):
        case.notified("<1@desk>", first, POLICY, by_system(8))
    assert case.dispute_until is None


def test_what_is_not_resolved_is_not_told_of() -> None:
    for open_case in (assigned(), in_diagnosis()):
        with refused(open_case, InvalidTransition):
            open_case.notified("<1@desk>", 1, POLICY, by_system(7))
        with refused(open_case, InvalidTransition):
            open_case.not_notified("bounced", POLICY, by_system(7))


# R-5.5d


def test_r_5_5d_the_mail_goes_out_after_an_early_closing_and_its_window_holds_to_the_same_deadline() -> None:
    case = resolved_at_the_desk()
    resolution = version_resolved(case)
    case.close(POLICY, at(5), confirmation=Confirmation("phone", moment(5)))
    case.notified("<1@desk>", resolution, POLICY, by_system(10))
    assert (case.status, case.dispute_until, case.closes_at) == (Status.CLOSED, moment(10 + WINDOW), None)
    case.dispute(moment(10 + WINDOW), POLICY, at(10 + WINDOW, Role.CUSTOMER))
    assert (case.number, case.status) == ("INC-0000001", Status.IN_DIAGNOSIS)


# R-5.9g


def test_r_5_9g_a_mail_that_came_back_starts_no_window_and_leaves_a_debt() -> None:
    case = unreached()
    event = last(case)
    assert (event["cause"], event["message"], event["failures"]) == ("bounced", "<0@desk>", 1)
    assert (case.dispute_until, case.closes_at) == (None, None)
    due = moment(7) + POLICY.inform_customer
    assert case.obligations == {"inform_customer": Obligation(ObligationKind.INFORM_CUSTOMER, due)}


def test_r_5_9g_discharging_the_debt_starts_the_72_hours() -> None:
    case = unreached()
    case.tell_by_other_means(ContactAttempt("phone", moment(30), informed=True), POLICY, at(60), reason=said("called"))
    event = last(case)
    assert (event["method"], event["at"], vars(event["by"])["subject"]) == ("phone", moment(30), "somebody")
    assert (case.dispute_until, case.obligations) == (moment(30 + WINDOW), {})
    case.close_elapsed(version_resolved(case), POLICY, by_system(30 + WINDOW))


def test_r_5_9g_a_contact_from_before_the_resolution_told_nobody_of_it() -> None:
    for informed in (True, False):
        with refused(case := unreached(), Invalid, "resolved after that"):
            case.tell_by_other_means(ContactAttempt("phone", moment(5), informed), POLICY, at(60))
    case.tell_by_other_means(ContactAttempt("phone", moment(6), informed=True), POLICY, at(60))
    assert case.dispute_until == moment(6 + WINDOW)
    with refused(case := unreached(), Invalid, "future"):
        case.tell_by_other_means(ContactAttempt("phone", moment(61), informed=True), POLICY, at(60))


def test_r_5_9g_a_failed_attempt_is_counted_and_the_debt_stands() -> None:
    case = unreached()
    case.tell_by_other_means(ContactAttempt("phone", moment(60), informed=False), POLICY, at(60))
    assert (case.failed_notifications, case.dispute_until) == (2, None)
    assert case.obligations["inform_customer"].due_at == moment(60) + POLICY.inform_customer


def test_r_5_9g_where_nothing_is_owed_nobody_is_told_again() -> None:
    for case in (notified(), resolved()):
        with refused(case, InvalidTransition, "no obligation"):
            case.tell_by_other_means(ContactAttempt("phone", moment(60), informed=True), POLICY, at(60))


def test_r_5_9g_a_mail_that_comes_through_after_all_leaves_nothing_owed() -> None:
    case = unreached(3)
    case.notified("<9@desk>", version_resolved(case), POLICY, by_system(60))
    assert (case.dispute_until, case.obligations) == (moment(60 + WINDOW), {})


def test_r_5_9g_after_the_policys_attempts_the_duty_manager_decides_with_a_reason() -> None:
    case = unreached(2)
    with refused(case, Forbidden):
        case.close(POLICY, by_manager(20), reason=said("nobody there"))
    case.tell_by_other_means(ContactAttempt("phone", moment(21), informed=False), POLICY, at(21))
    assert case.obligations["decide_uninformed"].role is Role.DUTY_MANAGER
    for other in (at(22), at(22, Role.TEAM_MEMBER, "network"), by_system(22)):
        with refused(case, ConfirmationRequired):
            case.close(POLICY, other, reason=said("nobody there"))
    with refused(case, Forbidden, "with a reason"):
        case.close(POLICY, by_manager(22))
    case.close(POLICY, by_manager(22), reason=said("nobody there"))
    assert (case.status, case.obligations) == (Status.CLOSED, {})
    assert (last(case)["deviations"], last(case)["reason"]) == (("closed_uninformed",), said("nobody there"))


def test_r_5_9g_whoever_was_informed_in_the_end_has_his_72_hours() -> None:
    """The duty manager decides about customers who do not know, and about no others."""
    tell: tuple[Callable[[Case], None], ...] = (
        lambda case: case.tell_by_other_means(ContactAttempt("phone", moment(20), informed=True), POLICY, at(20)),
        lambda case: case.notified("<9@desk>", version_resolved(case), POLICY, by_system(20)),
    )
    for inform in tell:
        case = unreached(3)
        inform(case)
        with refused(case, Forbidden):
            case.close(POLICY, by_manager(22), reason=said("nobody there"))


def test_r_5_9g_how_many_attempts_is_policy() -> None:
    once = replace(POLICY, notification_attempts=1)
    case = resolved()
    case.not_notified("no-address", once, by_system(7))
    assert set(case.obligations) == {"inform_customer", "decide_uninformed"}
    case.close(once, by_manager(8), reason=said())


def test_r_5_9g_a_new_resolution_starts_counting_anew() -> None:
    case = unreached(3)
    case.reopen(said(), POLICY, at(30))
    assert (case.failed_notifications, case.obligations) == (0, {})


def test_r_5_9g_a_resolved_case_is_timed_or_owed() -> None:
    """No resolved case can stay open for ever without standing in a queue."""
    bounced_again = unreached(2)
    told = unreached()
    told.tell_by_other_means(ContactAttempt("phone", moment(60), informed=True), POLICY, at(60))
    held = notified(7)
    held.suspect_dispute(moment(8), said(), POLICY, at(9))
    for case in (notified(), bounced_again, told, held, unreached(3)):
        assert case.closes_at is not None or case.obligations


def test_r_5_9f_what_was_owed_for_a_resolution_is_not_owed_for_a_closed_case() -> None:
    case = unreached(3)
    case.close(POLICY, at(30, Role.CUSTOMER))
    assert case.obligations == {}
    assert closed().obligations == {}
