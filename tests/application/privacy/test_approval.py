"""Erasure and legal holds: who requests, who approves, and what a hold keeps (R-5.9f, R-7.1; audit.md, Personal data)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from application.administration.catalogue import OPERATOR
from application.cases.history import history_item
from application.execution.requests import Request
from application.personal_data.erasure import ApprovalRequired
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
from tests.blocking import BlockingDesk, because, open_desk
from tests.conftest import TestDatabase
from tests.four_eyes import AUDITING

EMAIL = JO["email"]

# who may


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.SYSTEM}))
def test_r_6a_only_the_administrator_and_the_operator_request_and_erase(desk: BlockingDesk, role: Role) -> None:
    number, somebody = log(desk), Request(Actor("somebody", role, "network"), "test")
    before = events(desk)
    commands: tuple[Callable[[], object], ...] = (
        lambda: desk.personal_data.erase(EMAIL, CONTACT, somebody),
        lambda: desk.personal_data.request_erasure(EMAIL, CONTACT, "asked", somebody),
        lambda: desk.approvals.request_hold(number, "a claim", somebody),
        lambda: desk.approvals.request_release(number, "settled", somebody),
    )
    for refused in commands:
        with pytest.raises(Forbidden, match="needs the role admin or system"):
            refused()
    assert events(desk) == before


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUDITOR}))
def test_r_7_1_nobody_but_an_auditor_approves_or_refuses(desk: BlockingDesk, role: Role) -> None:
    number, somebody = log(desk), Request(Actor("somebody", role, "network"), "test")
    asked = desk.approvals.request_hold(number, "a claim", OPERATOR).root.number
    before = events(desk)
    with pytest.raises(Forbidden, match="approve needs the role auditor"):
        desk.approvals.approve(asked, somebody)
    with pytest.raises(Forbidden, match="refuse needs the role auditor"):
        desk.approvals.refuse(asked, "no", somebody)
    assert (events(desk), document(desk, number)["hold"]) == (before, None)


def test_r_7_1_an_auditor_whose_grant_was_taken_back_approves_nothing(desk: BlockingDesk) -> None:
    asked = desk.approvals.request_hold(log(desk), "a claim", ADMIN).root.number
    desk.grants.revoke("r.audit", Role.AUDITOR, None, because(OPERATOR, "left"))
    before = events(desk)
    with pytest.raises(Forbidden, match=r"no grant of the role auditor is in force for r\.audit"):
        desk.approvals.approve(asked, AUDITING)
    assert events(desk) == before


def test_r_7_1_nobody_approves_what_they_requested_in_another_role(desk: BlockingDesk) -> None:
    desk.grants.ensure("root", Role.AUDITOR, None, None, OPERATOR, anew=False)
    number = log(desk)
    asked = desk.approvals.request_hold(number, "a claim", ADMIN).root.number
    erasure = desk.personal_data.request_erasure(EMAIL, CONTACT, "asked", ADMIN).root.number
    before = events(desk)
    for each in (asked, erasure):
        with pytest.raises(Forbidden, match="Nobody approves what they requested"):
            desk.approvals.approve(each, Request(Actor("root", Role.AUDITOR), "test"))
    with pytest.raises(Forbidden, match="needs the role auditor"):
        desk.approvals.approve(asked, OPERATOR)
    assert (events(desk), document(desk, number)["hold"]) == (before, None)


def test_r_7_1_what_was_requested_by_somebody_whose_grant_is_gone_is_not_approved(desk: BlockingDesk) -> None:
    asked = desk.approvals.request_hold(log(desk), "a claim", ADMIN).root.number
    desk.grants.revoke("root", Role.ADMIN, None, because(OPERATOR, "left"))
    with pytest.raises(Forbidden, match="no grant of the role admin"):
        desk.approvals.approve(asked, AUDITING)


def test_an_administrator_whose_grant_was_taken_back_erases_nothing(desk: BlockingDesk) -> None:
    log(desk)
    approved(desk)
    desk.grants.revoke("root", Role.ADMIN, None, because(OPERATOR, "left"))
    with pytest.raises(Forbidden, match="no grant of the role admin"):
        desk.personal_data.erase(EMAIL, CONTACT, ADMIN)


# requests


def test_nothing_is_erased_before_it_is_approved_and_an_approval_is_used_once(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    number, had = log(desk), kept(database, desk.pseudonyms.of(JO))
    with pytest.raises(ApprovalRequired, match="An auditor must approve"):
        desk.personal_data.erase(EMAIL, CONTACT, OPERATOR)
    asked = desk.personal_data.request_erasure(EMAIL, CONTACT, "asked", OPERATOR).root.number
    with pytest.raises(ApprovalRequired):
        desk.personal_data.erase(EMAIL, CONTACT, OPERATOR)
    assert kept(database, desk.pseudonyms.of(JO)) == had
    desk.approvals.approve(asked, AUDITING)
    with pytest.raises(ApprovalRequired):
        desk.personal_data.erase(EMAIL, EVERYTHING, OPERATOR)
    assert desk.personal_data.erase(EMAIL, CONTACT, OPERATOR).cases == (number,)
    assert desk.approvals.approval(asked).standing == "done"
    log(desk)
    with pytest.raises(ApprovalRequired):
        desk.personal_data.erase(EMAIL, CONTACT, OPERATOR)


def test_a_request_is_refused_withdrawn_or_made_again_and_never_decided_twice(desk: BlockingDesk) -> None:
    number = log(desk)
    asked = desk.approvals.request_hold(number, "a claim", ADMIN).root.number
    with pytest.raises(InvalidTransition):
        desk.approvals.request_hold(number, "again", OPERATOR)
    desk.approvals.refuse(asked, "no claim is known", AUDITING)
    with pytest.raises(InvalidTransition):
        desk.approvals.approve(asked, AUDITING)
    with pytest.raises(InvalidTransition):
        desk.approvals.refuse(asked, "no", AUDITING)
    with pytest.raises(InvalidTransition):
        desk.approvals.withdraw(asked, ADMIN)
    desk.approvals.request_hold(number, "there is one", ADMIN)
    desk.approvals.withdraw(asked, because(ADMIN, "settled"))
    with pytest.raises(InvalidTransition):
        desk.approvals.approve(asked, AUDITING)
    assert document(desk, number)["hold"] is None
    assert four_eyes.hold(desk, number).root.version == 1 + 2 + 2 + 3


def test_an_approval_that_nobody_has_used_can_be_taken_back(desk: BlockingDesk) -> None:
    log(desk)
    approved(desk)
    (waiting,) = desk.approvals.all()
    desk.approvals.refuse(waiting.number, "a claim has come up", AUDITING)
    with pytest.raises(ApprovalRequired):
        desk.personal_data.erase(EMAIL, CONTACT, ADMIN)


def test_a_request_expires_and_its_approval_with_it(desk: BlockingDesk, database: TestDatabase) -> None:
    number = log(desk)
    asked = desk.approvals.request_hold(number, "a claim", ADMIN).root.number
    approved(desk)
    window = desk.references.current().policy.approval_answer
    for ahead, standing in ((window - timedelta(minutes=5), 2), (window, 0)):
        with open_desk(database, AheadClock(ahead), component="eraser") as later:
            assert len(later.approvals.all()) == standing
            assert len(later.approvals.all(everything=True)) == 2
    with open_desk(database, AheadClock(window), component="eraser") as later:
        with pytest.raises(InvalidTransition):
            later.approvals.approve(asked, AUDITING)
        with pytest.raises(ApprovalRequired):
            later.personal_data.erase(EMAIL, CONTACT, ADMIN)
        four_eyes.hold(later, number)


def test_what_waits_is_listed_the_most_urgent_first(desk: BlockingDesk) -> None:
    numbers = [log(desk) for _ in range(3)]
    for number in numbers:
        desk.approvals.request_hold(number, "a claim", ADMIN)
    desk.approvals.approve(f"hold:{numbers[1]}", AUDITING)
    assert [each.target for each in desk.approvals.all()] == [numbers[0], numbers[2]]
    assert [each.target for each in desk.approvals.all(everything=True)] == numbers
    with pytest.raises(NotFound):
        desk.approvals.approval("hold:INC-9999999")
    with pytest.raises(NotFound):
        desk.approvals.approval("burn:INC-0000001")


# holds


def test_a_hold_on_any_case_of_his_blocks_the_erasure_and_is_named_until_it_is_released(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    numbers = [log(desk, contact=JO) for _ in range(3)]
    subject = desk.pseudonyms.of(JO)
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


def test_a_hold_keeps_also_the_one_who_reported_it_for_somebody_else(desk: BlockingDesk) -> None:
    held = log(desk, contact=JO)
    reported = desk.logging.log(
        report(desk),
        SAM,
        {"subject": "s", "description": "d"},
        {"name": "Lou", "email": "lou@x.example"},
        TECHNICIAN,
    ).case.number
    four_eyes.hold(desk, reported)
    with pytest.raises(OnHold, match=reported):
        erase(desk, "lou@x.example")
    assert erase(desk).cases == (held,), "Jo has no part in it"


def test_a_case_says_since_when_it_is_held_and_by_whose_approval(desk: BlockingDesk) -> None:
    number = log(desk)
    assert document(desk, number)["hold"] is None
    four_eyes.hold(desk, number, request=ADMIN)
    hold = document(desk, number)["hold"]
    assert hold == {"since": desk.records.history(number, AUDITOR)[-1].event.since, "approved_by": "r.audit"}
    assert history_item(desk.records.history(number, AUDITOR)[-1], Role.AUDITOR)["reason"] == "a claim"
    assert desk.records.history(number, AUDITOR)[-1].event.by == ADMIN.actor, "whoever asked for it"
    with pytest.raises(InvalidTransition):
        desk.approvals.request_hold(number, "again", ADMIN)
