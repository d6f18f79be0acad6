"""Erasure and legal holds: who requests, who approves, and what a hold keeps (R-5.9f, R-7.1; audit.md, Personal data)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.main import open_desk
from application.cases.history import history_item
from application.catalogue import OPERATOR
from application.desk import Desk
from application.execution.requests import Request
from application.personal_data import ApprovalRequired
from domain.clock import AheadClock
from domain.errors import Forbidden, InvalidTransition, NotFound, OnHold
from domain.values import Actor, Role
from tests import four_eyes
from tests.application.cases import TECHNICIAN, log
from tests.application.conftest import ADMIN, events
from tests.application.privacy.persons import (
    AUDITOR,
    CONTACT,
    EVERYTHING,
    JO,
    SAM,
    approved,
    document,
    erase,
    kept,
    report,
)
from tests.conftest import TestDatabase
from tests.four_eyes import AUDITING

EMAIL = JO["email"]

# who may


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.SYSTEM}))
def test_r_6a_only_the_administrator_and_the_operator_request_and_erase(desk: Desk, role: Role) -> None:
    number, somebody = log(desk), Request(Actor("somebody", role, "network"), "test")
    before = events(desk)
    for refused in (
        lambda: desk.erase(EMAIL, CONTACT, somebody),
        lambda: desk.request_erasure(EMAIL, CONTACT, "asked", somebody),
        lambda: desk.request_hold(number, "a claim", somebody),
        lambda: desk.request_release(number, "settled", somebody),
    ):
        with pytest.raises(Forbidden, match="needs the role admin or system"):
            refused()
    assert events(desk) == before


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUDITOR}))
def test_r_7_1_nobody_but_an_auditor_approves_or_refuses(desk: Desk, role: Role) -> None:
    number, somebody = log(desk), Request(Actor("somebody", role, "network"), "test")
    asked = desk.request_hold(number, "a claim", OPERATOR).root.number
    before = events(desk)
    with pytest.raises(Forbidden, match="approve needs the role auditor"):
        desk.approve(asked, somebody)
    with pytest.raises(Forbidden, match="refuse needs the role auditor"):
        desk.refuse(asked, "no", somebody)
    assert (events(desk), document(desk, number)["hold"]) == (before, None)


def test_r_7_1_an_auditor_whose_grant_was_taken_back_approves_nothing(desk: Desk) -> None:
    asked = desk.request_hold(log(desk), "a claim", ADMIN).root.number
    desk.revoke("r.audit", Role.AUDITOR, None, "left", OPERATOR)
    before = events(desk)
    with pytest.raises(Forbidden, match=r"no grant of the role auditor is in force for r\.audit"):
        desk.approve(asked, AUDITING)
    assert events(desk) == before


def test_r_7_1_nobody_approves_what_they_requested_in_another_role(desk: Desk) -> None:
    desk.ensure_granted("root", Role.AUDITOR, None, None, OPERATOR, anew=False)
    number = log(desk)
    asked = desk.request_hold(number, "a claim", ADMIN).root.number
    erasure = desk.request_erasure(EMAIL, CONTACT, "asked", ADMIN).root.number
    before = events(desk)
    for each in (asked, erasure):
        with pytest.raises(Forbidden, match="Nobody approves what they requested"):
            desk.approve(each, Request(Actor("root", Role.AUDITOR), "test"))
    with pytest.raises(Forbidden, match="needs the role auditor"):
        desk.approve(asked, OPERATOR)
    assert (events(desk), document(desk, number)["hold"]) == (before, None)


def test_r_7_1_what_was_requested_by_somebody_whose_grant_is_gone_is_not_approved(desk: Desk) -> None:
    asked = desk.request_hold(log(desk), "a claim", ADMIN).root.number
    desk.revoke("root", Role.ADMIN, None, "left", OPERATOR)
    with pytest.raises(Forbidden, match="no grant of the role admin"):
        desk.approve(asked, AUDITING)


def test_an_administrator_whose_grant_was_taken_back_erases_nothing(desk: Desk) -> None:
    log(desk)
    approved(desk)
    desk.revoke("root", Role.ADMIN, None, "left", OPERATOR)
    with pytest.raises(Forbidden, match="no grant of the role admin"):
        desk.erase(EMAIL, CONTACT, ADMIN)


# requests


def test_nothing_is_erased_before_it_is_approved_and_an_approval_is_used_once(
    desk: Desk, database: TestDatabase
) -> None:
    number, had = log(desk), kept(database, desk.customer_id(JO))
    with pytest.raises(ApprovalRequired, match="needs the approval of an auditor"):
        desk.erase(EMAIL, CONTACT, OPERATOR)
    asked = desk.request_erasure(EMAIL, CONTACT, "asked", OPERATOR).root.number
    with pytest.raises(ApprovalRequired):
        desk.erase(EMAIL, CONTACT, OPERATOR)
    assert kept(database, desk.customer_id(JO)) == had
    desk.approve(asked, AUDITING)
    with pytest.raises(ApprovalRequired):
        desk.erase(EMAIL, EVERYTHING, OPERATOR)
    assert desk.erase(EMAIL, CONTACT, OPERATOR).cases == (number,)
    assert desk.approval(asked).standing == "done"
    log(desk)
    with pytest.raises(ApprovalRequired):
        desk.erase(EMAIL, CONTACT, OPERATOR)


def test_a_request_is_refused_withdrawn_or_made_again_and_never_decided_twice(desk: Desk) -> None:
    number = log(desk)
    asked = desk.request_hold(number, "a claim", ADMIN).root.number
    with pytest.raises(InvalidTransition):
        desk.request_hold(number, "again", OPERATOR)
    desk.refuse(asked, "no claim is known", AUDITING)
    with pytest.raises(InvalidTransition):
        desk.approve(asked, AUDITING)
    with pytest.raises(InvalidTransition):
        desk.refuse(asked, "no", AUDITING)
    with pytest.raises(InvalidTransition):
        desk.withdraw(asked, None, ADMIN)
    desk.request_hold(number, "there is one", ADMIN)
    desk.withdraw(asked, "settled", ADMIN)
    with pytest.raises(InvalidTransition):
        desk.approve(asked, AUDITING)
    assert document(desk, number)["hold"] is None
    assert four_eyes.hold(desk, number).root.version == 1 + 2 + 2 + 3


def test_an_approval_that_nobody_has_used_can_be_taken_back(desk: Desk) -> None:
    log(desk)
    approved(desk)
    (waiting,) = desk.approvals()
    desk.refuse(waiting.number, "a claim has come up", AUDITING)
    with pytest.raises(ApprovalRequired):
        desk.erase(EMAIL, CONTACT, ADMIN)


def test_a_request_expires_and_its_approval_with_it(desk: Desk, database: TestDatabase) -> None:
    number = log(desk)
    asked = desk.request_hold(number, "a claim", ADMIN).root.number
    approved(desk)
    window = desk.policy.approval_answer
    for ahead, standing in ((window - timedelta(minutes=5), 2), (window, 0)):
        with open_desk(database, AheadClock(ahead), component="eraser") as later:
            assert len(later.approvals()) == standing
            assert len(later.approvals(everything=True)) == 2
    with open_desk(database, AheadClock(window), component="eraser") as later:
        with pytest.raises(InvalidTransition):
            later.approve(asked, AUDITING)
        with pytest.raises(ApprovalRequired):
            later.erase(EMAIL, CONTACT, ADMIN)
        four_eyes.hold(later, number)


def test_what_waits_is_listed_the_most_urgent_first(desk: Desk) -> None:
    numbers = [log(desk) for _ in range(3)]
    for number in numbers:
        desk.request_hold(number, "a claim", ADMIN)
    desk.approve(f"hold:{numbers[1]}", AUDITING)
    assert [each.target for each in desk.approvals()] == [numbers[0], numbers[2]]
    assert [each.target for each in desk.approvals(everything=True)] == numbers
    with pytest.raises(NotFound):
        desk.approval("hold:INC-9999999")
    with pytest.raises(NotFound):
        desk.approval("burn:INC-0000001")


# holds


def test_a_hold_on_any_case_of_his_blocks_the_erasure_and_is_named_until_it_is_released(
    desk: Desk, database: TestDatabase
) -> None:
    numbers = [log(desk, contact=JO) for _ in range(3)]
    subject = desk.customer_id(JO)
    for number in numbers[:2]:
        four_eyes.hold(desk, number, request=ADMIN)
    before, had = events(desk), kept(database, subject)
    with pytest.raises(OnHold, match=f"{numbers[0]}, {numbers[1]} are on legal hold") as held:
        erase(desk)
    assert held.value.cases == tuple(numbers[:2])
    assert (events(desk), kept(database, subject)) == (before, had)
    four_eyes.release(desk, numbers[0])
    with pytest.raises(OnHold, match=f"{numbers[1]} is on"):
        erase(desk)
    four_eyes.release(desk, numbers[1])
    assert erase(desk).cases == tuple(numbers)


def test_a_hold_keeps_also_the_one_who_reported_it_for_somebody_else(desk: Desk) -> None:
    held = log(desk, contact=JO)
    reported = desk.log_case(
        report(desk),
        SAM,
        {"subject": "s", "description": "d"},
        {"name": "Lou", "email": "lou@x.example"},
        None,
        TECHNICIAN,
    ).case.number
    four_eyes.hold(desk, reported)
    with pytest.raises(OnHold, match=reported):
        erase(desk, "lou@x.example")
    assert erase(desk).cases == (held,), "Jo has no part in it"


def test_a_case_says_since_when_it_is_held_and_by_whose_approval(desk: Desk) -> None:
    number = log(desk)
    assert document(desk, number)["hold"] is None
    four_eyes.hold(desk, number, request=ADMIN)
    hold = document(desk, number)["hold"]
    assert hold == {"since": desk.history(number, AUDITOR)[-1].event.since, "approved_by": "r.audit"}  # type: ignore[attr-defined]
    assert history_item(desk.history(number, AUDITOR)[-1], Role.AUDITOR)["reason"] == "a claim"
    assert desk.history(number, AUDITOR)[-1].event.by == ADMIN.actor, "whoever asked for it"
    with pytest.raises(InvalidTransition):
        desk.request_hold(number, "again", ADMIN)
