"""SOP 5.3: does it belong to us, or to another agency's help desk?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.case import Case
from domain.case.clauses.notification import ContactAttempt
from domain.case.status import Status
from domain.case.terms import CauseCorrected, ResolutionCode
from domain.errors import DisputeWindowClosed, Invalid, InvalidTransition
from domain.obligation import ObligationKind
from domain.values import Role
from tests.domain.cases import (
    POLICY,
    WINDOW,
    at,
    by_system,
    in_diagnosis,
    last,
    logged,
    moment,
    prioritized,
    referred,
    refused,
    said,
    triaged,
    version_resolved,
)

DHS = ("dhs", 3, said("DHS Help Desk, 405-555-0100"))


def test_r_5_3a_the_ownership_decision_is_recorded_with_actor_time_and_reason() -> None:
    case = logged()
    case.triage("desk", at(1), reason=said("our printer"))
    event = last(case)
    assert (case.status, event["owner"], event["reason"]) == (Status.TRIAGED, "desk", said("our printer"))
    assert (vars(event["by"])["subject"], event["timestamp"]) == ("somebody", moment(1))
    with refused(case, InvalidTransition):
        case.triage("desk", at(2))


def test_r_5_3a_a_referral_says_who_decided_and_why() -> None:
    case = logged()
    case.refer(DHS, ContactAttempt("phone", moment(2), informed=True), POLICY, at(2), reason=said("their system"))
    assert vars(case.pending_events[1])["reason"] == said("their system")
    assert [event.TOPIC for event in case.pending_events[1:]] == ["case.referred", "case.resolved", "case.informed"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", [logged, triaged])
def test_r_5_3a_a_referral_needs_no_priority(make: Callable[[], Case]) -> None:
    case = referred(make())
    assert (case.status, case.priority) == (Status.RESOLVED, None)


def test_r_5_3a_what_is_worked_on_is_ours() -> None:
    for case in (prioritized(), in_diagnosis()):
        with refused(case, InvalidTransition):
            referred(case)


def test_r_5_3b_a_referral_keeps_the_other_desks_entry_as_it_was() -> None:
    case = logged()
    case.refer(DHS, ContactAttempt("phone", moment(2), informed=True), POLICY, at(2))
    event = vars(case.pending_events[1])
    assert (event["help_desk"], event["help_desk_version"], event["contact"]) == DHS


def test_r_5_3c_a_referred_case_is_resolved_and_the_contact_is_recorded() -> None:
    case = referred()
    assert case.resolution is not None
    assert (case.resolution.code, case.resolution.cause_corrected) == (
        ResolutionCode.REFERRED,
        CauseCorrected.NOT_APPLICABLE,
    )
    event = last(case)
    assert (event["method"], event["at"], event["informed"]) == ("phone", moment(2), True)


def test_r_5_3c_a_successful_contact_starts_the_window() -> None:
    case = referred()
    assert (case.dispute_until, case.obligations) == (moment(2 + WINDOW), {})
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(30))
    assert case.dispute_until == moment(2 + WINDOW), "the first of the two counts"


def test_r_5_3c_a_failed_contact_stays_owed_and_the_accepted_mail_starts_the_window() -> None:
    case = referred(informed=False)
    assert (case.status, case.dispute_until, case.closes_at) == (Status.RESOLVED, None, None)
    assert case.obligations[ObligationKind.INFORM_CUSTOMER].due_at == moment(2) + POLICY.inform_customer
    case.notified("<1@desk>", version_resolved(case), POLICY, by_system(30))
    assert case.dispute_until == moment(30 + WINDOW)
    assert ObligationKind.INFORM_CUSTOMER in case.obligations, "somebody still owes them a call"
    case.tell_by_other_means(ContactAttempt("phone", moment(60), informed=True), POLICY, at(60))
    assert (case.obligations, case.dispute_until) == ({}, moment(30 + WINDOW))


def test_r_5_3c_a_contact_lies_not_in_the_future() -> None:
    with refused(case := logged(), Invalid, "future"):
        case.refer(DHS, ContactAttempt("phone", moment(3), informed=True), POLICY, at(2))


def test_r_5_3c_a_contact_before_the_referral_shortens_no_window() -> None:
    case = logged()
    case.refer(DHS, ContactAttempt("phone", moment(-600), informed=True), POLICY, at(2))
    assert case.dispute_until == moment(2 + WINDOW)


def test_r_5_3d_a_referral_is_no_first_contact_resolution() -> None:
    assert vars(referred().pending_events[2])["first_contact"] is False


@pytest.mark.parametrize("make", [logged, triaged])
def test_r_5_3e_a_disputed_referral_returns_to_triage(make: Callable[[], Case]) -> None:
    case = referred(make())
    case.dispute(moment(10), POLICY, at(10, Role.CUSTOMER, subject="jo"), reason=said("they sent me back"))
    assert (case.status, case.resolution, case.dispute_until) == (Status.TRIAGED, None, None)
    referred(case)  # to another desk this time
    assert case.status is Status.RESOLVED


def test_r_5_3e_after_the_window_a_referral_cannot_be_disputed() -> None:
    case = referred()
    case.close_elapsed(version_resolved(case), POLICY, by_system(2 + WINDOW))
    late = moment(2 + WINDOW) + timedelta(microseconds=1)
    with refused(case, DisputeWindowClosed):
        case.dispute(late, POLICY, at(3 + WINDOW))
