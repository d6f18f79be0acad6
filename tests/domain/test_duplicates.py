"""SOP 5.6: a duplicate is resolved into the first case, closes and reopens with it, and can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.state import CauseCorrected, LinkKind, PendingReason, ResolutionCode
from domain.case.status import Status
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
    closed,
    duplicates,
    last,
    logged,
    moment,
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


def test_r_5_6c_a_duplicate_closes_and_reopens_with_the_first() -> None:
    _, second = duplicates()
    second.close_with(FIRST, POLICY, by_system(WINDOW))
    assert (second.status, last(second)["with_first"]) == (Status.CLOSED, FIRST)
    second.reopen_with(FIRST, POLICY, at(WINDOW + 1))
    assert (second.status, second.reopenings, last(second)["with_first"]) == (Status.IN_DIAGNOSIS, 1, FIRST)
    assert second.duplicate_of == FIRST


def test_r_5_6c_a_duplicate_is_reopened_through_the_first_and_not_by_itself() -> None:
    """It has no window of its own: or a customer could dispute it for ever (R-5.9f)."""
    _, second = duplicates()
    commands: tuple[Callable[[], None], ...] = (
        lambda: second.dispute(moment(WINDOW), POLICY, at(WINDOW, Role.CUSTOMER)),
        lambda: second.suspect_dispute(moment(WINDOW), said(), POLICY, at(WINDOW)),
    )
    with refused(second, InvalidTransition, FIRST):
        second.reopen(said(), POLICY, at(WINDOW))
    for command in commands:
        with refused(second, InvalidTransition, FIRST):
            command()
    second.close_with(FIRST, POLICY, by_system(WINDOW))
    second.unrelate(FIRST, POLICY, at(WINDOW))
    assert second.status is Status.CLOSED
    for command in commands:
        with refused(second, InvalidTransition, "another"):
            command()


def test_r_5_6c_a_duplicate_that_is_none_goes_on_where_it_was() -> None:
    first, second = duplicates()
    second.unrelate(FIRST, POLICY, at(6))
    assert (second.status, second.resolution, second.links) == (Status.IN_DIAGNOSIS, None, {})
    assert (second.resolved_at, second.resolution_version) == (None, None)
    first.unmirror(SECOND, POLICY, at(6))
    second.resolve(FIXED, said(), POLICY, at(7))
    second.notified("<2@desk>", version_resolved(second), POLICY, by_system(8))
    assert second.dispute_until == moment(8 + WINDOW), "from here on it has a window of its own"


def test_r_5_9g_a_duplicate_that_was_reopened_and_resolved_by_itself_has_a_window() -> None:
    """Or it would stay resolved for ever, once the first one has closed without it."""
    _, second = duplicates()
    second.reopen_with(FIRST, POLICY, at(6))
    second.resolve(FIXED, said(), POLICY, at(7))
    second.notified("<2@desk>", version_resolved(second), POLICY, by_system(8))
    assert second.dispute_until == moment(8 + WINDOW)
    second.close_with(FIRST, POLICY, by_system(9))
    second.reopen_with(FIRST, POLICY, at(9))
    assert (second.status, second.reopenings) == (Status.RESOLVED, 1), "nor does it follow the first any more"
    second.unrelate(FIRST, POLICY, at(10))
    assert (second.status, second.links) == (Status.RESOLVED, {}), "undoing the link undoes no resolution of its own"
    second.dispute(moment(11), POLICY, at(11))
    assert second.status is Status.IN_DIAGNOSIS


def test_a_pending_mark_ends_when_a_case_continues_as_another() -> None:
    case = prioritized(number=SECOND)
    case.pend(PendingReason.CUSTOMER, at(3))
    case.duplicate(assigned(), None, POLICY, at(5))
    assert case.pending is None
