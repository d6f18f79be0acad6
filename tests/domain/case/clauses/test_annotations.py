"""What is written about a case that is there: it is kept, and changes nothing of the case (R-5.9e)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.notification import ContactAttempt, record_contact
from domain.case.status import Status
from domain.errors import DisputeWindowClosed, InvalidTransition
from domain.values import Channel, Disclosure, DisclosureKind, Provenance, Role
from tests.domain.cases import (
    POLICY,
    WINDOW,
    assigned,
    at,
    by_system,
    closed,
    elapsed,
    last,
    logged,
    moment,
    notified,
    refused,
    resolved,
    version_resolved,
)


def by_gateway(minutes: float = 100) -> Provenance:
    return at(minutes, Role.INTAKE, subject="mail.gateway")


def words(text: str = "in room 7") -> Disclosure:
    made = Disclosure.of("jo", DisclosureKind.CUSTOMER_WORDS, {"text": text}, bytes)
    assert made is not None
    return made


def hear(case: Case, *, sender: str = "jo", automatic: bool = False, minutes: float = 100) -> None:
    case.receive_message(
        "receipt",
        sender,
        moment(minutes),
        words(),
        None,
        by_gateway(minutes),
        channel=Channel.EMAIL,
        automatic=automatic,
    )


@pytest.mark.parametrize("state", [logged, assigned, resolved, notified, closed, elapsed])
def test_r_5_9e_a_message_changes_neither_status_nor_deadline(state: Callable[[], Case]) -> None:
    case = state()
    before = (case.status, case.dispute_until, case.closes_at, case.suspected_at, case.obligations)
    hear(case)
    assert (case.status, case.dispute_until, case.closes_at, case.suspected_at, case.obligations) == before
    assert last(case)["words"] == words()


def test_whoever_was_heard_takes_part_and_a_robot_does_not() -> None:
    case = logged()
    hear(case, sender="robot", automatic=True)
    assert case.correspondents == frozenset()
    hear(case, sender="al")
    hear(case, sender="al")
    assert case.correspondents == {"al"}


def test_r_5_9c_what_the_desk_saw_arrive_in_time_counts_however_late_it_is_read() -> None:
    """A customer's own word for when does not; and a technician may say 72 h back at most."""
    for by in (at(WINDOW * 10, Role.CUSTOMER, subject="jo"), at(WINDOW * 10)):
        case = elapsed()
        assert case.dispute_until is not None
        in_time = case.dispute_until - timedelta(seconds=1)
        assert case.can_be_disputed(in_time)
        case.dispute(in_time, POLICY, by, witnessed=True)
        assert case.status is Status.ASSIGNED


def test_r_5_9f_what_it_saw_arrive_too_late_does_not_count() -> None:
    case = elapsed()
    assert case.dispute_until is not None
    late = case.dispute_until + timedelta(seconds=1)
    assert not case.can_be_disputed(late)
    with refused(case, DisputeWindowClosed):
        case.dispute(late, POLICY, at(WINDOW * 10, Role.CUSTOMER, subject="jo"), witnessed=True)


def test_r_5_9g_a_mail_that_comes_back_stops_the_window_it_has_started_and_no_other() -> None:
    case = resolved()
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(7))
    case.not_notified("bounced", POLICY, by_system(8), message="<2@desk>", returned=True)
    assert case.dispute_until is not None
    case.not_notified("bounced", POLICY, by_system(9), message="<1@desk>", returned=True)
    assert case.dispute_until is None
    record_contact(case, ContactAttempt("phone", moment(10), informed=True), POLICY, at(10))
    case.not_notified("bounced", POLICY, by_system(11), message="<1@desk>", returned=True)
    assert case.dispute_until is not None


def test_r_5_9g_of_what_is_no_longer_resolved_nothing_is_said() -> None:
    case = notified()
    case.dispute(moment(50), POLICY, at(50))
    assert case.notified_by is None
    with refused(case, InvalidTransition):
        case.not_notified("bounced", POLICY, by_system(60), message="<1@desk>", returned=True)
