"""Mails, search and other people's work around an erasure (audit.md, Personal data)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from application.mail_in.documents import receipt_document
from application.mail_out.letters import Letter, Sent
from application.ports import Disclosed
from application.processes.mail_delivery import REQUEST, send_due
from application.views.case_filters import Condition
from application.views.questions import Asked, Page
from domain.errors import InvalidTransition, OnHold
from domain.obligation import ObligationKind
from infrastructure.views.projector import Projector
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.timers import PostgresTimers
from tests import four_eyes
from tests.application.cases import LINKS, TECHNICIAN, assigned, log, resolved
from tests.application.conftest import ADMIN
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
    quarantined,
    resolve,
    words_in_view,
)
from tests.blocking import BlockingDesk, on_pool, open_desk
from tests.conftest import TestDatabase
from tests.history.record import message_of

# what came in and what goes out


def test_a_message_in_quarantine_is_still_there_and_says_that_it_was_erased(desk: BlockingDesk) -> None:
    receipt = quarantined(desk)
    assert erase(desk).disclosures == 1
    told = asyncio.run(receipt_document(desk.quarantine.receipt(receipt, AUDITOR), desk.addresses.target))
    assert (told["erased"], told["text"], told["state"]) == (True, None, "quarantined")
    with pytest.raises(InvalidTransition, match="erased"):
        desk.quarantine.release(receipt, TECHNICIAN)
    assert quarantined(desk) == receipt, "sent once more, it is what came before, and is not kept again"
    assert desk.runner.register.disclosed(desk.pseudonyms.of(JO)) == []
    desk.quarantine.discard(receipt, "erased", TECHNICIAN)


def test_r_5_9g_a_queued_mail_to_one_who_was_erased_is_withdrawn_and_they_are_to_be_told_otherwise(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    erased, other = resolved(desk, contact=JO), resolved(desk, contact=SAM)
    erase(desk)
    sent = list[str]()

    class Postman:
        async def deliver(self, letter: Letter) -> Sent:
            sent.append(letter.recipient)
            return Sent("raw", "250 OK")

    with database.connect("projector") as connection, desk.on_pool(database, "mail", PostgresTimers) as timers:
        Projector(connection).catch_up()
        desk.run(send_due, timers, Postman(), LINKS)
        Projector(connection).catch_up()
        assert timers.due_messages(desk.clock.now(), 10) == []
    assert sent == [SAM["email"]]
    assert desk.records.case(other, AUDITOR).dispute_until is not None
    case = desk.records.case(erased, AUDITOR)
    assert (case.failed_notifications, list(case.obligations)) == (1, [ObligationKind.INFORM_CUSTOMER])
    assert desk.records.history(erased, AUDITOR)[-1].event.cause == "erased"


def test_a_mail_that_was_on_its_way_when_its_customer_was_erased_is_recorded_without_its_words(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    number, subject = resolved(desk, contact=JO), desk.pseudonyms.of(JO)
    message = message_of(desk, number)
    erase(desk, scope=EVERYTHING)
    desk.outbox.accepted(message, Sent("To: jo.field@agency.example", "250 OK"), desk.clock.now(), REQUEST)
    assert kept(database, subject) == {}
    assert desk.records.case(number, AUDITOR).dispute_until is not None


def test_a_resolution_after_the_erasure_has_nobody_to_tell(desk: BlockingDesk) -> None:
    number = assigned(desk, contact=JO)
    erase(desk)
    resolve(desk, number)
    assert desk.records.case(number, AUDITOR).failed_notifications == 1


# search


def test_search_and_candidates_find_what_is_still_there(desk: BlockingDesk, database: TestDatabase) -> None:
    words = {"subject": "Plotter P-4711 jams", "description": "Plotter P-4711 jams on every page", "symptoms": "jams"}
    mine, theirs = log(desk, contact=JO, words=words), log(desk, contact=SAM, words=words)
    with database.connect("projector") as connection, on_pool(database, "api", views_on) as views:
        projector = Projector(connection)
        projector.catch_up()
        assert {item["number"] for item in views.search.cases("plotter", Page()).items} == {mine, theirs}
        third = log(desk, contact=SAM, words=words)
        assert {c.case for c in desk.relations.candidates(third, AUDITOR)} == {mine, theirs}
        erase(desk)
        for _ in range(2):  # before the views have folded it, and after
            assert {c.case for c in desk.relations.candidates(third, AUDITOR)} == {theirs}
            assert mine not in {item["number"] for item in views.search.cases("plotter", Page()).items}
            assert desk.relations.candidates(mine, AUDITOR) == []
            assert words_in_view(database, mine) == []
            projector.catch_up()
        (listed,) = views.lists.cases(
            [Condition("customer", "=", desk.pseudonyms.of(JO))], "number", Page(), Asked(desk.clock.now())
        ).items
        assert (listed["number"], listed["subject"], listed["version"]) == (mine, None, 2)


def test_what_is_said_after_an_erasure_is_found_again_and_can_be_erased_again(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    number = log(desk, contact=JO)
    erase(desk)
    desk.logging.correct(number, "symptoms", "whistles", "they called again", TECHNICIAN)
    with database.connect("projector") as connection, on_pool(database, "api", views_on) as views:
        Projector(connection).catch_up()
        assert [item["number"] for item in views.search.cases("whistles", Page()).items] == [number]
        assert erase(desk).disclosures == 1
        Projector(connection).catch_up()
        assert views.search.cases("whistles", Page()).items == []


# together with others


def test_words_added_between_deciding_and_committing_are_decided_anew_and_go_as_well(
    desk: BlockingDesk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, subject = log(desk, contact=JO), desk.pseudonyms.of(JO)
    approved(desk, EVERYTHING)
    with open_desk(database) as other:
        looked = _interrupted(
            desk,
            monkeypatch,
            2,
            lambda: other.logging.note(number, "late", visible_to_customer=False, request=TECHNICIAN),
        )
        erased = desk.personal_data.erase(JO["email"], EVERYTHING, ADMIN)
    assert len(looked) == 5, "decided twice"
    assert (erased.disclosures, dict(erased.by_kind)["staff_words"]) == (3, 1)
    assert kept(database, subject) == {}
    assert [e.event.TOPIC for e in desk.records.history(number, AUDITOR)] == [
        "case.logged",
        "case.noted",
        "case.personal_data_erased",
    ]


def test_a_hold_placed_between_deciding_and_committing_keeps_everything(
    desk: BlockingDesk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, subject = log(desk, contact=JO), desk.pseudonyms.of(JO)
    approved(desk, EVERYTHING)
    with open_desk(database) as other:
        _interrupted(desk, monkeypatch, 2, lambda: four_eyes.hold(other, number))
        with pytest.raises(OnHold, match=number):
            desk.personal_data.erase(JO["email"], EVERYTHING, ADMIN)
    assert kept(database, subject) == {"contact": 1, "customer_words": 1, "staff_words": 2}, (
        "of the request and of the hold"
    )


def test_a_case_logged_in_between_is_left_alone(
    desk: BlockingDesk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, new = log(desk, contact=JO), list[str]()
    approved(desk)
    with open_desk(database) as other:
        _interrupted(desk, monkeypatch, 2, lambda: new.append(log(other, contact=JO)))
        assert desk.personal_data.erase(JO["email"], CONTACT, ADMIN).cases == (number,)
    assert not document(desk, new[0])["erased"]
    assert erase(desk).cases == tuple(new)


def _interrupted(desk: BlockingDesk, monkeypatch: pytest.MonkeyPatch, call: int, happens: Any) -> list[int]:
    """Let something happen right after the desk has looked into the vault for the nth time."""
    register, looked = desk.target.runner.register, list[int]()
    look = register.disclosed

    async def looking(subject: str) -> Sequence[Disclosed]:
        found: Sequence[Disclosed] = await look(subject)
        looked.append(len(found))
        if len(looked) == call + 1:  # an address is looked up once before it is decided upon
            await asyncio.to_thread(happens)
        return found

    monkeypatch.setattr(register, "disclosed", looking)
    return looked
