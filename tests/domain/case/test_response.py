"""When the customer is answered: the first substantive contact (kpis.md, Time to respond)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.notification import ContactAttempt
from domain.case.terms import PendingReason
from domain.values import Disclosure, DisclosureKind, Provenance, Role
from tests.domain.cases import (
    POLICY,
    assigned,
    at,
    by_system,
    by_team,
    declared,
    logged,
    moment,
    negative,
    positive,
    referred,
    replayed,
    resolved_at_the_desk,
    said,
    unreachable,
    version_resolved,
)


def by_customer(minutes: float) -> Provenance:
    return at(minutes, Role.CUSTOMER, subject="jo")


def file() -> Disclosure:
    made = Disclosure.of("jo", DisclosureKind.ATTACHMENT, {"name": "plan.pdf", "size": 1}, bytes)
    assert made is not None
    return made


def asked() -> Case:
    """The customer was mailed a question at minute 20, and the mail has failed."""
    case = assigned()
    case.pend(PendingReason.CUSTOMER, by_team(20), question=said())
    case.question_failed("smtp-550", "<1@desk>", case.version, POLICY, by_system(21))
    return case


CONTACTS: dict[str, tuple[Callable[[], Case], Callable[[Case], None]]] = {
    "a note for them": (logged, lambda case: case.note(said(), at(90), visible_to_customer=True)),
    "a file for them": (logged, lambda case: case.attach([file()], POLICY, at(90), visible_to_customer=True)),
    "a question": (assigned, lambda case: case.pend(PendingReason.CUSTOMER, by_team(90), question=said())),
    "a good word": (assigned, lambda case: case.verify(positive(90), by_team(95))),
    "a bad word": (assigned, lambda case: case.verify(negative(90), by_team(95))),
    "news of an outage": (declared, lambda case: case.discharge("communicate", "email", moment(90), by_team(95))),
    "an accepted mail": (
        resolved_at_the_desk,
        lambda case: case.notified("<1@desk>", version_resolved(case), POLICY, by_system(90)),
    ),
    "a call after a mail that failed": (
        lambda: referred(informed=False),
        lambda case: case.tell_by_other_means(ContactAttempt("phone", moment(90), informed=True), POLICY, at(95)),
    ),
    "a live confirmation": (
        resolved_at_the_desk,
        lambda case: case.close(POLICY, at(95), confirmation=Confirmation("phone", moment(90))),
    ),
}
"""Each kind of contact, at minute 90, with the state of the case before it."""

NONE: dict[str, tuple[Callable[[], Case], Callable[[Case], None]]] = {
    "a note among staff": (logged, lambda case: case.note(said(), at(90))),
    "a note of theirs": (logged, lambda case: case.note(said(), by_customer(90), visible_to_customer=True)),
    "a file of theirs": (logged, lambda case: case.attach([file()], POLICY, by_customer(90), visible_to_customer=True)),
    "a wait without a question": (assigned, lambda case: case.pend(PendingReason.CUSTOMER, by_team(90))),
    "nobody reached": (assigned, lambda case: case.verify(unreachable(90), by_team(95))),
    "news for management": (
        declared,
        lambda case: case.discharge("inform_management", "phone", moment(90), by_team(95)),
    ),
    "a mail that failed": (resolved_at_the_desk, lambda case: case.not_notified("no-address", POLICY, by_system(90))),
    "a call that failed": (
        lambda: referred(informed=False),
        lambda case: case.tell_by_other_means(ContactAttempt("phone", moment(90), informed=False), POLICY, at(95)),
    ),
    "their own acceptance": (resolved_at_the_desk, lambda case: case.close(POLICY, by_customer(90))),
}
"""What is no contact by the desk."""


@pytest.mark.parametrize("contact", CONTACTS)
def test_the_first_contact_is_the_response_and_its_own_time_counts(contact: str) -> None:
    state, reach = CONTACTS[contact]
    case = state()
    assert case.responded_at is None
    reach(case)
    assert case.responded_at == moment(90)
    case.note(said(), at(200), visible_to_customer=True)
    assert case.responded_at == moment(90)
    again = replayed(case)
    assert isinstance(again, Case)
    assert again.responded_at == moment(90)


@pytest.mark.parametrize("other", NONE)
def test_nothing_else_is_a_response(other: str) -> None:
    state, happen = NONE[other]
    case = state()
    happen(case)
    assert case.responded_at is None


def test_a_contact_that_is_entered_late_counts_from_when_it_was() -> None:
    case = asked()
    assert case.responded_at == moment(20), "asked, whatever became of the mail"
    case.discharge("ask_customer", "phone", moment(15), by_team(95))
    assert case.responded_at == moment(15)
    case.verify(positive(-30), by_team(96))
    assert case.responded_at == case.received_at, "never before the contact that opened the case"
