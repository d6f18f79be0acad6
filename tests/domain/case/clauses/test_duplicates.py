"""SOP 5.6: a duplicate is resolved into the first case, closes and reopens with it, and can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.resolution import Resolved
from domain.case.status import Status
from domain.case.terms import CauseCorrected, LinkKind, PendingReason, ResolutionCode
from domain.errors import (
    Invalid,
    InvalidTransition,
)
from domain.values import Role
from tests.domain.cases import (
    FIRST,
    FIXED,
    NOW,
    POLICY,
    SECOND,
    WINDOW,
    assigned,
    at,
    by_system,
    by_team,
    closed,
    duplicates,
    last,
    logged,
    moment,
    positive,
    prioritized,
    refused,
    resolved,
    said,
    version_resolved,
)


def test_r_5_6c_a_duplicate_is_resolved_into_the_first() -> None:
    first, second = duplicates()
    assert second.resolution is not None
    assert (second.status, second.resolution.code) == (Status.RESOLVED, ResolutionCode.DUPLICATE)
    assert second.resolution.cause_corrected is CauseCorrected.NOT_APPLICABLE
    assert (second.duplicate_of, second.links) == (FIRST, {FIRST: LinkKind.DUPLICATE_OF})
    assert (first.links, first.status) == ({SECOND: LinkKind.DUPLICATE}, Status.ASSIGNED)


def test_r_4_1b_a_duplicate_needs_no_service_no_priority_and_no_diagnosis() -> None:
    case = logged(SECOND, service=None, required=("contact",))
    case.duplicate(logged(), None, POLICY, at(1))
    assert case.status is Status.RESOLVED


def test_r_5_6c_a_duplicate_is_the_same_customers() -> None:
    with refused(case := logged(SECOND, customer="sam"), Invalid, "same customer"):
        case.duplicate(logged(), None, POLICY, at(1))


def test_r_5_6c_the_first_case_is_the_earliest_received_one() -> None:
    early, late = logged(SECOND, received_at=NOW - timedelta(hours=1)), logged(FIRST)
    with refused(early, Invalid, "received later"):
        early.duplicate(late, None, POLICY, at(1))
    late.duplicate(early, None, POLICY, at(1))
    with refused(case := logged(FIRST), Invalid, "received later"):  # at the same time: by number
        case.duplicate(logged(SECOND), None, POLICY, at(1))


def test_r_5_6c_the_first_case_is_not_closed() -> None:
    with refused(case := logged(SECOND), InvalidTransition, "closed"):
        case.duplicate(closed(), None, POLICY, at(9))
    case.duplicate(resolved(), None, POLICY, at(9))


@pytest.mark.parametrize("make", [resolved, closed])
def test_r_5_6c_what_is_settled_becomes_no_duplicate(make: Callable[..., Case]) -> None:
    with refused(case := make(number=SECOND), InvalidTransition):
        case.duplicate(assigned(), None, POLICY, at(9))


def test_r_5_6c_duplicates_make_no_chains() -> None:
    first, second = duplicates()
    third = logged("INC-0000003")
    with refused(third, InvalidTransition, FIRST):
        third.duplicate(second, None, POLICY, at(6))
    third.duplicate(first, None, POLICY, at(6))
    with refused(first, InvalidTransition, "first of others"):
        first.duplicate(logged("INC-0000000", received_at=NOW - timedelta(hours=1)), None, POLICY, at(7))


def test_r_5_6c_a_duplicate_has_no_window_of_its_own() -> None:
    _, second = duplicates()
    second.notified("<2@desk>", version_resolved(second), POLICY, by_system(6))
    assert (second.dispute_until, second.closes_at) == (None, None)
    with refused(second, InvalidTransition):
        second.close_elapsed(version_resolved(second), POLICY, by_system(6 + WINDOW))


def resolve(first: Case, minutes: float) -> None:
    first.verify(positive(minutes), by_team(minutes))
    first.resolve(FIXED, said(), POLICY, by_team(minutes))


def test_r_5_6c_a_duplicate_follows_the_first_case_however_often_it_is_disputed() -> None:
    first, second = duplicates()
    for begins in (10, 20, 30):
        resolve(first, begins)
        second.follow(first, POLICY, by_team(begins))
        assert (second.status, second.continued) == (Status.RESOLVED, True)
        first.close(POLICY, at(begins + 1, Role.CUSTOMER))
        second.follow(first, POLICY, at(begins + 1))
        assert (second.status, last(second)["with_first"]) == (Status.CLOSED, FIRST)
        first.dispute(moment(begins + 2), POLICY, at(begins + 2))
        second.follow(first, POLICY, at(begins + 2))
        assert (second.status, last(second)["with_first"]) == (Status.IN_DIAGNOSIS, FIRST)
    assert (second.reopenings, second.duplicate_of) == (3, FIRST)


def test_r_5_6c_a_duplicate_that_was_reopened_with_the_first_is_resolved_with_it_wherever_it_is() -> None:
    moves: tuple[Callable[[Case], None], ...] = (
        lambda case: case.assign("messaging", at(21)),
        lambda case: case.pend(PendingReason.CUSTOMER, at(21)),
        lambda case: case.nominate(POLICY, at(21)),
    )
    for move in moves:
        first, second = reopened()
        move(second)
        resolve(first, 22)
        second.follow(first, POLICY, by_team(22))
        assert (second.status, second.continued, second.pending, second.obligations) == (
            Status.RESOLVED,
            True,
            None,
            {},
        )


def reopened() -> tuple[Case, Case]:
    """A first case and its duplicate, both reopened at minute 20."""
    first, second = duplicates()
    resolve(first, 10)
    first.reopen(said(), POLICY, by_team(20))
    second.follow(first, POLICY, by_team(20))
    return first, second


def test_r_5_6c_what_an_earlier_release_left_open_is_closed_with_the_first_case() -> None:
    first, second = reopened()
    resolve(first, 21)
    first.close(POLICY, at(22, Role.CUSTOMER))
    second.follow(first, POLICY, at(22))
    assert (second.status, second.continued) == (Status.CLOSED, True)


def test_r_5_6c_a_duplicate_is_settled_and_reopened_through_the_first_and_never_by_itself() -> None:
    """It has no window of its own: or a customer could dispute it for ever (R-5.9f)."""
    _, second = duplicates()
    disputes: tuple[Callable[[], None], ...] = (
        lambda: second.dispute(moment(WINDOW), POLICY, at(WINDOW, Role.CUSTOMER)),
        lambda: second.suspect_dispute(moment(WINDOW), said(), POLICY, at(WINDOW)),
    )
    closings: tuple[Callable[[], None], ...] = (
        lambda: second.reopen(said(), POLICY, at(WINDOW)),
        lambda: second.close(POLICY, at(WINDOW, Role.CUSTOMER)),
        lambda: second.close(POLICY, at(WINDOW), confirmation=Confirmation("phone", moment(WINDOW))),
    )
    for command in (*disputes, *closings):
        with refused(second, InvalidTransition, FIRST):
            command()
    second.follow(closed(), POLICY, by_system(WINDOW))
    second.unrelate(FIRST, POLICY, at(WINDOW))
    assert second.status is Status.CLOSED
    for command in disputes:
        with refused(second, InvalidTransition, "another"):
            command()


def test_r_5_6c_an_open_duplicate_is_resolved_in_no_way_but_with_the_first() -> None:
    _, second = reopened()
    second.mirror("INC-0000009", LinkKind.PART, at(21))
    ways: tuple[Callable[[], None], ...] = (
        lambda: second.resolve(FIXED, said(), POLICY, at(22)),
        lambda: second.resolve_with("INC-0000009", FIXED, said(), POLICY, at(22)),
        lambda: second.duplicate(logged("INC-0000000", received_at=NOW - timedelta(hours=1)), None, POLICY, at(22)),
    )
    for way in ways:
        with refused(second, InvalidTransition, FIRST):
            way()
    unlinked = logged(SECOND)
    unlinked.duplicate(first := logged(), None, POLICY, at(1))
    first.refer(("dhs", 3, said("DHS")), ContactAttempt("phone", moment(2), informed=True), POLICY, at(2))
    first.reopen(said(), POLICY, at(3))
    unlinked.follow(first, POLICY, at(3))
    with refused(unlinked, InvalidTransition, FIRST):
        unlinked.refer(("dhs", 3, said("DHS")), ContactAttempt("phone", moment(4), informed=True), POLICY, at(4))


def test_r_5_6c_a_duplicate_that_is_none_goes_on_where_it_was() -> None:
    first, second = duplicates()
    second.unrelate(FIRST, POLICY, at(6))
    assert (second.status, second.resolution, second.links) == (Status.IN_DIAGNOSIS, None, {})
    assert (second.resolved_at, second.resolution_version) == (None, None)
    first.unmirror(SECOND, POLICY, at(6))
    second.resolve(FIXED, said(), POLICY, at(7))
    second.notified("<2@desk>", version_resolved(second), POLICY, by_system(8))
    assert second.dispute_until == moment(8 + WINDOW), "from here on it has a window of its own"


def test_r_5_9g_a_duplicate_that_an_earlier_release_resolved_by_itself_keeps_its_window() -> None:
    """Or it would stay resolved for ever, once the first one has closed without it."""
    _, second = reopened()
    second.record(Resolved, at(21), **vars(FIXED), resolved_at=moment(21))
    second.notified("<2@desk>", version_resolved(second), POLICY, by_system(22))
    assert second.dispute_until == moment(22 + WINDOW)
    second.follow(closed(), POLICY, by_system(23))
    assert second.status is Status.RESOLVED
    second.dispute(moment(24), POLICY, at(24))
    assert (second.status, second.goes_with) == (Status.IN_DIAGNOSIS, FIRST), "from here on it goes with the first"
    second.unrelate(FIRST, POLICY, at(25))
    second.resolve(FIXED, said(), POLICY, at(26))


def test_a_pending_mark_ends_when_a_case_continues_as_another() -> None:
    case = prioritized(number=SECOND)
    case.pend(PendingReason.CUSTOMER, at(3))
    case.duplicate(assigned(), None, POLICY, at(5))
    assert case.pending is None
