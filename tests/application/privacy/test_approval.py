"""Erasure and legal holds: who may, with whose approval, and what a hold keeps (R-5.9f; audit.md, Personal data)."""

from __future__ import annotations

import pytest

from application.catalogue import OPERATOR
from application.desk import Desk
from application.documents import history_item
from application.requests import Request
from domain.errors import Forbidden, Invalid, InvalidTransition, OnHold
from domain.values import Actor, Role
from tests.application.cases import TECHNICIAN, log
from tests.application.conftest import ADMIN, events
from tests.application.privacy.persons import AUDITOR, JO, SAM, document, erase, kept, report
from tests.conftest import TestDatabase

# who may


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.SYSTEM}))
def test_r_6a_only_the_administrator_and_the_operator_erase_and_hold(desk: Desk, role: Role) -> None:
    number, somebody = log(desk), Request(Actor("somebody", role, "network"), "test")
    before = events(desk)
    for refused in (
        lambda: erase(desk, request=somebody),
        lambda: desk.hold(number, "r.audit", "a claim", somebody),
        lambda: desk.release_hold(number, "r.audit", "settled", somebody),
    ):
        with pytest.raises(Forbidden, match="needs the role admin or system"):
            refused()
    assert events(desk) == before


@pytest.mark.parametrize(
    ("approved_by", "says"),
    [
        ("nobody", "no grant of the role auditor"),
        ("d.manager", "no grant of the role auditor"),
        ("root", "approves what"),
    ],
)
def test_r_7_1_an_auditor_with_a_grant_in_force_approves_and_nobody_else(
    desk: Desk, approved_by: str, says: str
) -> None:
    number = log(desk)
    before = events(desk)
    for refused in (
        lambda: erase(desk, approved_by=approved_by),
        lambda: desk.hold(number, approved_by, "a claim", ADMIN),
        lambda: desk.release_hold(number, approved_by, "settled", ADMIN),
    ):
        with pytest.raises(Invalid, match=says):
            refused()
    assert events(desk) == before


def test_r_7_1_the_operator_approves_what_he_does_himself_and_nothing_an_administrator_does(desk: Desk) -> None:
    number = log(desk)
    with pytest.raises(Invalid):
        desk.hold(number, "operator", "a claim", ADMIN)
    assert desk.hold(number, "operator", "a claim", OPERATOR).case.hold is not None
    desk.revoke("r.audit", Role.AUDITOR, None, "left", OPERATOR)
    with pytest.raises(Invalid, match=r"no grant of the role auditor is in force for r\.audit"):
        desk.release_hold(number, "r.audit", "settled", OPERATOR)
    desk.release_hold(number, "operator", "settled", OPERATOR)
    assert erase(desk, approved_by="operator", request=OPERATOR).disclosures == 2


def test_an_administrator_whose_grant_was_taken_back_erases_nothing(desk: Desk) -> None:
    log(desk)
    desk.revoke("root", Role.ADMIN, None, "left", OPERATOR)
    with pytest.raises(Forbidden, match="no grant of the role admin"):
        erase(desk)


# holds


def test_a_hold_on_any_case_of_his_blocks_the_erasure_and_is_named_until_it_is_released(
    desk: Desk, database: TestDatabase
) -> None:
    numbers = [log(desk, contact=JO) for _ in range(3)]
    subject = desk.customer_id(JO)
    for number in numbers[:2]:
        desk.hold(number, "r.audit", "a claim", ADMIN)
    before, had = events(desk), kept(database, subject)
    with pytest.raises(OnHold, match=f"{numbers[0]}, {numbers[1]} are on legal hold") as held:
        erase(desk)
    assert held.value.cases == tuple(numbers[:2])
    assert (events(desk), kept(database, subject)) == (before, had)
    desk.release_hold(numbers[0], "r.audit", "settled", ADMIN)
    with pytest.raises(OnHold, match=f"{numbers[1]} is on"):
        erase(desk)
    desk.release_hold(numbers[1], "r.audit", "settled", ADMIN)
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
    desk.hold(reported, "r.audit", "a claim", ADMIN)
    with pytest.raises(OnHold, match=reported):
        erase(desk, "lou@x.example")
    assert erase(desk).cases == (held,), "Jo has no part in it"


def test_a_case_says_since_when_it_is_held_and_by_whose_approval(desk: Desk) -> None:
    number = log(desk)
    assert document(desk, number)["hold"] is None
    committed = desk.hold(number, "r.audit", "a claim", ADMIN)
    hold = document(desk, number)["hold"]
    assert hold == {"since": desk.history(number, AUDITOR)[-1].event.since, "approved_by": "r.audit"}  # type: ignore[attr-defined]
    assert history_item(desk.history(number, AUDITOR)[-1], Role.AUDITOR)["reason"] == "a claim"
    assert committed.case.version == 2
    with pytest.raises(InvalidTransition):
        desk.hold(number, "r.audit", "again", ADMIN)
