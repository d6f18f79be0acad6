"""The mark on a case that waits: no status, but the clock may stand still under it (R-5.4c)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.case.status import Status
from domain.case.terms import PendingReason
from domain.errors import InvalidTransition
from tests.domain.cases import (
    FIXED,
    NOW,
    POLICY,
    assigned,
    at,
    by_team,
    calendar_of,
    in_diagnosis,
    last,
    logged,
    moment,
    prioritized,
    refused,
    resolved,
    said,
    verified,
)


def test_a_case_waits_once_at_a_time_and_says_for_what_and_since_when() -> None:
    case = assigned()
    case.pend(PendingReason.VENDOR, at(5), note=said("ticket 77"))
    assert case.pending is not None
    assert (case.pending.reason, case.pending.since, last(case)["note"]) == ("vendor", moment(5), said("ticket 77"))
    assert case.status is Status.ASSIGNED, "pending is no status"
    with refused(case, InvalidTransition):
        case.pend(PendingReason.CUSTOMER, at(6))
    case.resume(POLICY, at(7))
    assert case.pending is None
    with refused(case, InvalidTransition):
        case.resume(POLICY, at(8))


def test_a_case_waits_only_while_it_is_worked_on() -> None:
    for case in (logged(), resolved()):
        with refused(case, InvalidTransition):
            case.pend(PendingReason.CUSTOMER, at(9))
    for case in (prioritized(), in_diagnosis(), assigned()):
        case.pend(PendingReason.EVIDENCE, at(9))


@pytest.mark.parametrize("reason", PendingReason)
def test_r_5_4c_only_waiting_for_the_customer_moves_the_target(reason: PendingReason) -> None:
    case = assigned()
    before = case.resolve_by
    case.pend(reason, at(5))
    case.resume(POLICY, at(65))
    pauses = ((moment(5), moment(65)),) if reason is PendingReason.CUSTOMER else ()
    assert case.pauses == pauses
    assert case.resolve_by == calendar_of(3).add(NOW, POLICY.targets[2].resolve, pauses)
    assert (case.resolve_by == before) is (reason is not PendingReason.CUSTOMER)


def test_r_5_4c_which_reasons_pause_is_policy() -> None:
    case = assigned()
    case.pend(PendingReason.VENDOR, at(5))
    case.resume(replace(POLICY, pausing=("customer", "vendor")), at(65))
    assert case.pauses == ((moment(5), moment(65)),)


def test_a_resolution_ends_the_waiting() -> None:
    case = verified()
    case.pend(PendingReason.CUSTOMER, by_team(6))
    case.resolve(FIXED, said(), POLICY, by_team(7))
    assert case.pending is None


def test_waiting_leaves_a_verification_standing() -> None:
    case = verified()
    case.note(said(), at(6))
    case.pend(PendingReason.EVIDENCE, at(7))
    case.resume(POLICY, at(8))
    case.resolve(FIXED, said(), POLICY, by_team(9))
    assert case.status is Status.RESOLVED
