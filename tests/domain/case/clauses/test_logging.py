"""SOP 4.1-5.2: an incident is received and logged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.case import Case
from domain.case.clauses.logging import missing_information
from domain.case.terms import PendingReason
from domain.errors import InformationRequired, Invalid, InvalidTransition
from domain.values import Channel, Nature, Role
from tests.domain.cases import (
    FIXED,
    MEDIUM,
    NOW,
    POLICY,
    assigned,
    at,
    by_team,
    calendar_of,
    closed,
    in_diagnosis,
    last,
    logged,
    refused,
    report,
    resolved,
    said,
    verified,
)

ID = UUID(int=1)


def test_r_4_1a_a_case_keeps_the_service_s_version_and_name() -> None:
    case = logged(service="printing", service_version=4, service_name="Printing")
    assert (case.service, case.service_version, case.service_name) == ("printing", 4, "Printing")
    case.correct("service", at(1), value="email", words=None, reason=None, service=(2, "E-mail"))
    assert (case.service, case.service_version, case.service_name) == ("email", 2, "E-mail")
    assert vars(case.pending_events[0])["service_name"] == "Printing"


def test_r_4_2a_impending_becomes_actual_by_an_event() -> None:
    case = logged(nature=Nature.IMPENDING)
    case.correct("nature", at(1), value="actual", words=None, reason=None)
    assert (case.nature, last(case)["field"]) == (Nature.ACTUAL, "nature")
    with refused(case, Invalid, "actual or impending"):
        case.correct("nature", at(1), value="perhaps", words=None, reason=None)


@pytest.mark.parametrize("channel", Channel)
def test_r_5_1a_every_channel_logs_and_the_channel_never_changes(channel: Channel) -> None:
    case = logged(channel=channel)
    with refused(case, Invalid, "cannot be corrected"):
        case.correct("channel", at(1), value="phone", words=None, reason=said())
    assert case.channel is channel


def test_r_5_1b_who_reported_and_who_is_affected_are_kept_apart() -> None:
    case = logged(customer="jo", reporter="sam", reported_by=said("Sam"), contact=said("Jo"))
    event = vars(case.pending_events[0])
    assert (case.customer, event["reporter"]) == ("jo", "sam")
    assert event["reported_by"] == said("Sam") != event["contact"]


# R-5.2a


def test_r_5_2a_a_contact_cannot_have_been_received_later_than_now() -> None:
    with pytest.raises(Invalid, match="future"):
        logged(received_at=NOW + POLICY.clock_tolerance + timedelta(microseconds=1))


def test_r_5_2a_received_at_is_never_later_than_the_recording() -> None:
    """A caller's clock may run ahead of ours by the policy's tolerance; what it says then is now."""
    assert logged(received_at=NOW + POLICY.clock_tolerance).received_at == NOW
    later = closed().follow_up(ID, "INC-0000002", report(received_at=at(8.5).at), POLICY, at(8))
    assert later.received_at == at(8).at
    with refused(old := closed(), Invalid, "future"):
        old.follow_up(ID, "INC-0000002", report(received_at=at(11).at), POLICY, at(8))


def test_r_5_2a_back_dating_by_hand_is_bounded() -> None:
    limit = NOW - timedelta(hours=72)
    backdated = Case.log(ID, "INC-1", report(received_at=limit), POLICY, at(), reason=said())
    assert backdated.received_at == limit
    with pytest.raises(Invalid, match="past"):
        Case.log(ID, "INC-1", report(received_at=limit - timedelta(microseconds=1)), POLICY, at(), reason=said())


def test_r_5_2a_back_dating_by_hand_needs_a_reason() -> None:
    old = report(received_at=NOW - POLICY.backdating_unexplained - timedelta(microseconds=1))
    with pytest.raises(Invalid, match="reason"):
        Case.log(ID, "INC-1", old, POLICY, at())
    assert Case.log(ID, "INC-1", old, POLICY, at(), reason=said()).received_at == old.received_at
    assert Case.log(ID, "INC-1", old, POLICY, at(role=Role.INTAKE)).version == 1


def test_r_5_2a_what_is_older_than_a_year_is_history_whoever_logs_it() -> None:
    oldest = NOW - POLICY.oldest_contact
    assert Case.log(ID, "INC-1", report(received_at=oldest), POLICY, at(role=Role.INTAKE)).received_at == oldest
    with pytest.raises(Invalid, match="past"):
        Case.log(ID, "INC-1", report(received_at=oldest - timedelta(seconds=1)), POLICY, at(role=Role.INTAKE))


def test_r_5_2a_how_far_back_is_policy() -> None:
    strict = replace(POLICY, backdating_limit=timedelta(hours=1), backdating_unexplained=timedelta(hours=1))
    with pytest.raises(Invalid, match="past"):
        Case.log(ID, "INC-1", report(received_at=NOW - timedelta(hours=2)), strict, at(), reason=said())


@pytest.mark.parametrize("role", [Role.INTAKE, Role.CUSTOMER])
def test_r_5_2b_a_case_is_logged_with_no_technician_involved(role: Role) -> None:
    case = Case.log(ID, "INC-1", report(channel=Channel.EMAIL), POLICY, at(role=role))
    assert vars(case.pending_events[0])["by"].role is role


# R-5.2c


def test_r_5_2c_what_a_report_leaves_open_is_known_by_name() -> None:
    assert missing_information([]) == ("contact", "agency", "service", "symptoms", "location", "callback")
    assert missing_information(["phone", "agency", "service", "symptoms", "asset", "callback"]) == ()


def test_r_5_2c_a_case_that_lacks_information_is_logged_and_not_resolvable() -> None:
    case = verified(missing=("contact", "location"), required=("contact",))
    assert (case.incomplete, case.missing) == (True, ("contact", "location"))
    with refused(case, InformationRequired, "contact"):
        case.resolve(FIXED, said(), POLICY, by_team(6))
    case.correct("phone", at(6), value=None, words=said("555"), reason=said())
    assert (case.incomplete, case.missing) == (False, ("location",))
    case.resolve(FIXED, said(), POLICY, by_team(8))


def test_r_5_2c_a_correction_without_words_completes_nothing() -> None:
    case = logged(missing=("contact",), required=("contact",))
    with refused(case, Invalid):
        case.correct("email", at(1), value="jo@agency.example", words=None, reason=said())
    assert case.incomplete


def test_r_5_2c_what_is_missing_is_waived_with_a_reason() -> None:
    case = in_diagnosis(missing=("contact", "location"), required=("contact",))
    case.waive(said("walked in, wants no call"), at(4))
    assert (case.incomplete, last(case)["fields"]) == (False, ("contact",))
    assert last(case)["reason"] == said("walked in, wants no call")
    assert case.missing == ("contact", "location"), "that it is missing stays known"
    with refused(case, InvalidTransition, "not incomplete"):
        case.waive(said(), at(5))
    case.resolve(FIXED, said(), POLICY, at(5))


def test_r_5_9f_a_closed_case_lacks_nothing_any_more() -> None:
    case = logged("INC-0000002", missing=("contact",), required=("contact",))
    case.duplicate(logged(), None, POLICY, at(1))
    case.follow(closed(), POLICY, at(8))
    with refused(case, InvalidTransition, "closed"):
        case.waive(said(), at(9))


# R-5.2d


def test_r_5_2d_a_correction_is_an_event_and_the_original_stays_readable() -> None:
    case = logged(service="printing", words=said("prints nothing"))
    case.correct("service", at(1), value="email", words=None, reason=said("misheard"))
    case.correct("description", at(2), value=None, words=said("sends nothing"), reason=said("misheard"))
    assert (case.service, case.version) == ("email", 3)
    assert case.words == said("prints nothing")
    assert case.corrections == {"description": said("sends nothing")}
    assert vars(case.pending_events[0])["service"] == "printing"
    assert last(case)["reason"] == said("misheard")


@pytest.mark.parametrize("field", ["channel", "number", "received_at", "status", "customer", "__class__"])
def test_r_5_2d_only_what_was_reported_can_be_corrected(field: str) -> None:
    with refused(case := logged(), Invalid, "cannot be corrected"):
        case.correct(field, at(2), value="x", words=None, reason=said())


@pytest.mark.parametrize("value", [None, "", "free\ntext", " spaced"])
def test_r_5_2d_a_code_is_corrected_by_a_code(value: str | None) -> None:
    with refused(case := logged(), Invalid, "takes a code"):
        case.correct("service", at(2), value=value, words=None, reason=said())


def test_r_5_2d_any_open_case_is_corrected_also_one_that_waits_or_is_resolved() -> None:
    waiting = assigned()
    waiting.pend(PendingReason.VENDOR, at(5))
    for case in (waiting, resolved()):
        case.correct("service", at(8), value="email", words=None, reason=None)
        assert case.service == "email"


def test_r_5_2e_the_response_clock_starts_when_the_contact_was_received() -> None:
    early, late = logged(received_at=NOW - timedelta(hours=1)), logged()
    for case in (early, late):
        case.triage("desk", at(1))
        case.prioritize(MEDIUM, POLICY, at(2))
    calendar, target = calendar_of(3), POLICY.targets[2]
    assert early.respond_by == calendar.add(NOW - timedelta(hours=1), target.respond)
    assert late.respond_by == calendar.add(NOW, target.respond)
