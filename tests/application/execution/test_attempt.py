"""What one attempt at a command knows: who acts, when, by which policy; and the words that it puts aside for the vault."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from application.execution.attempt import Attempt
from application.execution.reference import Reference
from application.execution.requests import Request
from domain.errors import Invalid
from domain.values import Actor, Channel, DisclosureKind, Role, Via
from tests.application.execution.memory_record import ORTIZ
from tests.domain.cases import NOW, POLICY, logged

REQUEST = Request(ORTIZ, "http", request_id="r1", trace_id="t1", causation=7, reason="as asked")


def an_attempt(**changes: Any) -> Attempt:
    given: dict[str, Any] = {
        "request": REQUEST,
        "reference": Reference(3, POLICY),
        "at": NOW,
        "simulated": False,
        "random": bytes,
    }
    return Attempt(**given | changes)


def test_an_event_says_who_acts_through_what_and_why() -> None:
    provenance = an_attempt().provenance
    assert (provenance.by, provenance.via, provenance.at) == (ORTIZ, Via("http", None), NOW)
    assert (provenance.request_id, provenance.trace_id, provenance.causation) == ("r1", "t1", 7)


@pytest.mark.parametrize(("simulated", "occurred_at"), [(True, NOW), (False, None)])
def test_an_event_says_when_it_occurred_only_where_the_clock_is_not_the_machines(
    simulated: bool, occurred_at: object
) -> None:
    assert an_attempt(simulated=simulated).provenance.occurred_at == occurred_at


def test_what_comes_through_a_channel_or_is_done_by_another_says_so_and_changes_nothing_else() -> None:
    on = an_attempt()
    before, jo = on.provenance, Actor("jo", Role.CUSTOMER)
    assert on.through(Channel.EMAIL).provenance == replace(before, via=Via("http", Channel.EMAIL))
    assert on.acted_by(jo).provenance == replace(before, by=jo)
    assert on.acted_by(jo).through(Channel.PHONE).provenance == replace(before, by=jo, via=Via("http", Channel.PHONE))
    assert on.provenance == before
    assert on.acted_by(jo).request.actor == ORTIZ, "who gave the command stays who they are"


def test_ids_sort_by_the_moment_they_were_made_at() -> None:
    chance = count(255, -1)
    attempts = [
        an_attempt(at=NOW + timedelta(seconds=n), random=lambda size: bytes([next(chance)] * size)) for n in range(3)
    ]
    ids = [on.new_id() for on in attempts]
    assert sorted(ids) == ids
    assert {each.version for each in ids} == {7}


def test_words_are_kept_about_the_customer_by_their_kind() -> None:
    on, case = an_attempt(), logged()
    said = {
        DisclosureKind.STAFF_WORDS: on.staff(case, note="restarted"),
        DisclosureKind.CUSTOMER_WORDS: on.customer(case, text="thanks"),
        DisclosureKind.CONTACT: on.contact(case, email="jo@agency.example"),
    }
    assert {kind: words and (words.kind, words.subject) for kind, words in said.items()} == {
        kind: (kind, "jo") for kind in said
    }
    assert on.reason(case) == on.staff(case, reason="as asked")


def test_where_nothing_is_said_nothing_is_kept() -> None:
    on, case = an_attempt(request=replace(REQUEST, reason=None)), logged()
    assert (on.reason(case), on.staff(case, note=None), on.contact(case)) == (None, None, None)


def test_what_must_be_said_is_asked_for_by_its_field() -> None:
    on, case = an_attempt(), logged()
    assert on.required(case, solution="restarted").text("solution") == "restarted"
    with pytest.raises(Invalid) as missing:
        on.required(case, solution=None)
    assert missing.value.pointer == "/solution"
