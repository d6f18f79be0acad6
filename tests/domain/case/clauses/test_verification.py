"""SOP 5.8: a team resolves once the customer has verified, or could not be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.case import Case
from domain.case.clauses.resolution import Verification, Verifier
from domain.case.status import Status
from domain.case.terms import ResolutionCode
from domain.errors import Invalid, InvalidTransition, VerificationRequired
from domain.policy import EVIDENCE
from domain.values import Channel, Nature
from tests.domain.cases import (
    FIXED,
    HOUR,
    NOW,
    POLICY,
    assigned,
    at,
    by_team,
    in_diagnosis,
    last,
    logged,
    moment,
    negative,
    positive,
    prioritized,
    refused,
    resolved,
    said,
    unreachable,
    verified,
)

DAY = 24 * HOUR

# R-5.8a


def test_r_5_8a_a_team_resolves_with_a_positive_verification() -> None:
    case = verified()
    event = last(case)
    assert (event["satisfactory"], event["able_to_work"], event["method"], event["at"]) == (
        True,
        True,
        "phone",
        moment(5),
    )
    case.resolve(FIXED, said(), POLICY, by_team(6))
    assert (case.status, last(case)["verifier"]) == (Status.RESOLVED, Verifier.CUSTOMER)


def test_r_5_8a_a_team_cannot_resolve_without_a_positive_verification() -> None:
    half, other_half = replace(positive(5), able_to_work=False), replace(positive(5), satisfactory=False)
    for verification in (None, negative(5), unreachable(5), half, other_half):
        case = assigned()
        if verification is not None:
            case.verify(verification, at(5))
        with refused(case, VerificationRequired):
            case.resolve(FIXED, said(), POLICY, by_team(6))


@pytest.mark.parametrize("code", ["fixed", "workaround", "averted", "reclassified_request", "not_reproducible"])
def test_r_5_8a_no_code_lets_a_team_do_without_verification(code: str) -> None:
    with refused(case := assigned(nature=Nature.IMPENDING), VerificationRequired):
        case.resolve(replace(FIXED, code=ResolutionCode(code)), said(), POLICY, by_team(6))


def test_r_5_8a_later_work_makes_a_verification_old_news() -> None:
    works: tuple[Callable[[Case], None], ...] = (
        lambda case: case.diagnose(said(), at(6)),
        lambda case: case.assign("messaging", at(6)),
        lambda case: case.verify(negative(6), at(6)),
    )
    for work in works:
        case = verified()
        work(case)
        with refused(case, VerificationRequired):
            case.resolve(FIXED, said(), POLICY, by_team(7))
    case = verified()
    case.hand_back(said(), by_team(6))
    case.assign("network", at(7))
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(8))


def test_r_5_8a_a_dispute_makes_a_verification_old_news() -> None:
    case = resolved()
    case.dispute(moment(8), POLICY, at(8))
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(9))


def test_r_5_8a_a_verification_from_before_the_last_work_does_not_count() -> None:
    case = assigned()  # assigned at minute 4
    case.verify(positive(3), at(6))
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(7))
    with refused(case, Invalid, "future"):
        case.verify(positive(9), at(8))


def test_r_5_8a_an_older_word_recorded_later_takes_nothing_from_a_newer_one() -> None:
    case = verified()  # at minute 5
    case.verify(positive(3), by_team(6))
    case.resolve(FIXED, said(), POLICY, by_team(7))
    assert case.status is Status.RESOLVED


def test_r_5_8a_an_older_refusal_recorded_later_is_counted_and_takes_nothing_from_a_newer_word() -> None:
    for minutes in (3, 4.5):  # before the last work, and between it and the newer word
        case = verified()  # assigned at minute 4, verified at minute 5
        case.verify(negative(minutes), by_team(6))
        assert (case.failed_fixes, last(case)["overtaken"]) == (1, True)
        case.resolve(FIXED, said(), POLICY, by_team(7))


def test_r_5_8a_a_word_from_before_the_case_was_received_does_not_count() -> None:
    case = prioritized(symptomatic=True)
    case.search_known_errors(said(), (), None, False, at(3))  # into diagnosis, and no work on the case
    case.verify(positive(-1), at(4))
    case.resolve(FIXED, said(), POLICY, at(5))
    assert last(case)["verifier"] is None


def test_r_5_8a_a_word_of_the_same_second_as_the_work_counts() -> None:
    case = in_diagnosis()
    case.assign("network", at(4 + 0.9 / 60))
    case.verify(positive(4), by_team(5))
    case.resolve(FIXED, said(), POLICY, by_team(6))


def test_r_5_8a_what_is_not_being_worked_on_is_not_verified() -> None:
    for case in (logged(), prioritized(), resolved()):
        with refused(case, InvalidTransition):
            case.verify(positive(9), at(9))
    in_diagnosis().verify(positive(9), at(9))


# R-5.8b


def test_r_5_8b_a_negative_verification_returns_the_case_to_work_and_counts_as_a_failed_fix() -> None:
    case = verified()
    case.verify(negative(6), at(6))
    assert (case.failed_fixes, case.status, case.verified_since_last_work) == (1, Status.ASSIGNED, False)
    case.verify(replace(negative(7), satisfactory=True), at(7))
    assert case.failed_fixes == 2


# R-5.8c


def attempted(*attempts: tuple[float, str]) -> Case:
    case = assigned()
    for minutes, method in attempts:
        case.verify(unreachable(minutes, method), by_team(minutes))
    return case


def test_r_5_8c_after_the_policys_attempts_a_case_is_resolved_without_the_customers_word() -> None:
    case = attempted((5, "phone"), (DAY, "mail"), (DAY + 1, "phone"))
    case.resolve(FIXED, said(), POLICY, by_team(DAY + 2))
    assert (case.status, last(case)["verifier"]) == (Status.RESOLVED, Verifier.NOBODY)
    assert case.failed_fixes == 0


@pytest.mark.parametrize(
    "attempts",
    [
        ((5, "phone"), (DAY, "mail")),
        ((5, "phone"), (6, "mail"), (7, "phone")),
        ((5, "phone"), (DAY, "phone"), (DAY + 1, "phone")),
    ],
    ids=["two attempts", "on one day", "by one method"],
)
def test_r_5_8c_three_attempts_over_two_business_days_by_two_methods(attempts: tuple[tuple[float, str], ...]) -> None:
    case = attempted(*attempts)
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(3 * DAY))


def test_r_5_8c_a_weekend_has_no_business_days() -> None:
    friday = (datetime(2026, 11, 27, 16, tzinfo=UTC) - NOW).total_seconds() / 60
    with refused(
        case := attempted((friday, "phone"), (friday + DAY, "mail"), (friday + 2 * DAY, "phone")), VerificationRequired
    ):
        case.resolve(FIXED, said(), POLICY, by_team(friday + 2 * DAY))
    case.verify(unreachable(friday + 3 * DAY), by_team(friday + 3 * DAY))
    case.resolve(FIXED, said(), POLICY, by_team(friday + 3 * DAY))


def test_r_5_8c_how_often_is_policy() -> None:
    once = replace(POLICY, verification_attempts=1, verification_days=1, verification_methods=1)
    case = attempted((5, "phone"))
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(6))
    case.resolve(FIXED, said(), once, by_team(6))


def test_r_5_8c_only_attempts_since_the_last_work_count() -> None:
    case = attempted((5, "phone"), (DAY, "mail"), (DAY + 1, "phone"))
    case.diagnose(said(), by_team(DAY + 2))
    assert case.attempts == ()
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(DAY + 3))


def test_r_5_8c_nor_do_attempts_said_to_lie_before_it() -> None:
    """Before the work was done nobody could be asked about it (R-5.8a)."""
    case = assigned()
    for ago, method in ((3 * DAY, "phone"), (2 * DAY, "mail"), (DAY, "phone")):
        case.verify(unreachable(-ago, method), by_team(5))
    with refused(case, VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(6))


def test_r_5_8c_two_spellings_of_a_method_are_one_method() -> None:
    with refused(case := attempted((5, "phone"), (DAY, "Phone"), (DAY + 1, "PHONE")), VerificationRequired):
        case.resolve(FIXED, said(), POLICY, by_team(DAY + 2))


def test_r_5_8c_a_customer_who_is_reached_in_the_end_decides() -> None:
    case = attempted((5, "phone"), (DAY, "mail"), (DAY + 1, "phone"))
    case.verify(positive(DAY + 2), by_team(DAY + 2))
    case.resolve(FIXED, said(), POLICY, by_team(DAY + 3))
    assert last(case)["verifier"] is Verifier.CUSTOMER


# R-5.8d


def test_r_5_8d_for_an_alert_that_nobody_reported_the_services_owner_verifies() -> None:
    case = verified(channel=Channel.MONITORING, impersonal=True)
    assert last(case)["verifier"] is Verifier.OWNER
    case.resolve(FIXED, said(), POLICY, by_team(6))
    assert last(case)["verifier"] is Verifier.OWNER


@pytest.mark.parametrize("method", sorted(EVIDENCE))
def test_r_5_8d_an_alerts_recovery_is_no_verification(method: str) -> None:
    case = assigned(channel=Channel.MONITORING, impersonal=True)
    with refused(case, Invalid, "evidence"):
        case.verify(Verification(satisfactory=True, able_to_work=True, method=method, at=moment(5)), at(5))
