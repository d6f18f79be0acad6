"""What an erasure takes, what it leaves, and what the record says of it (audit.md, Personal data)."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from application.administration.catalogue import OPERATOR
from application.cases.documents import case_document
from application.cases.history import history_item
from application.execution.requests import Request
from application.personal_data.erasure import Erased
from domain.errors import Invalid, NotFound
from domain.values import Actor, ErasureScope, Role
from infrastructure.views.projector import Projector
from tests.application.cases import NETWORK, TECHNICIAN, log, resolved
from tests.application.conftest import ADMIN, events
from tests.application.privacy.persons import (
    AUDITOR,
    CONTACT,
    EVERYTHING,
    JO,
    SAM,
    document,
    erase,
    everywhere,
    kept,
    pointed_to,
    report,
)
from tests.blocking import BlockingDesk, because
from tests.conftest import TestDatabase


def test_r_5_9f_an_erased_case_reads_replays_and_says_so_and_its_version_has_moved(desk: BlockingDesk) -> None:
    number = resolved(desk, contact=JO)
    before = document(desk, number)
    erased = erase(desk)
    after = document(desk, number)
    assert (before["erased"], after["erased"]) == (False, True)
    assert after["version"] == before["version"] + 1
    assert after["customer"] == {**before["customer"], "name": None, "email": None}
    assert (after["subject"], after["description"], after["symptoms"]) == (None, None, None)
    assert after["resolution"] == before["resolution"], "staff's words stay"
    words = ("erased", "version", "customer", "subject", "description", "symptoms")
    assert {k: v for k, v in after.items() if k not in words} == {k: v for k, v in before.items() if k not in words}
    past = case_document(desk.records.case(number, AUDITOR, version=before["version"]))
    assert (past["version"], past["status"]) == (before["version"], before["status"])
    items = [history_item(entry, Role.AUDITOR) for entry in desk.records.history(number, AUDITOR)]
    assert items[-1]["topic"] == "case.personal_data_erased"
    assert items[-1]["reason"] == "they asked for it"
    assert items[-1]["data"] == {"subject": erased.subject, "scope": "contact-and-words"}
    assert items[0]["data"]["words"]["erased"] is True


def test_what_staff_wrote_goes_with_everything(desk: BlockingDesk, database: TestDatabase) -> None:
    number, subject = resolved(desk, contact=JO), desk.pseudonyms.of(JO)
    erase(desk)
    assert kept(database, subject).keys() == {"staff_words"}
    assert document(desk, number)["resolution"]["solution"] == "restarted"
    told = erase(desk, scope=EVERYTHING)
    assert dict(told.by_kind).keys() == {"staff_words"}
    assert kept(database, subject) == {}
    assert document(desk, number)["resolution"]["solution"] is None


def test_others_keep_what_was_said_of_them(desk: BlockingDesk, database: TestDatabase) -> None:
    mine, theirs = log(desk, contact=JO), log(desk, contact=SAM)
    before, had = document(desk, theirs), kept(database, desk.pseudonyms.of(SAM))
    assert erase(desk, scope=EVERYTHING).cases == (mine,)
    assert document(desk, theirs) == before
    assert kept(database, desk.pseudonyms.of(SAM)) == had


def test_who_reported_a_case_for_somebody_else_is_erased_there_and_the_customer_is_not(desk: BlockingDesk) -> None:
    number = desk.logging.log(report(desk), JO, {"subject": "s", "description": "d"}, SAM, TECHNICIAN).case.number
    assert erase(desk, SAM["email"]).cases == (number,)
    after = document(desk, number)
    assert (after["reporter"], after["customer"]["name"], after["subject"], after["erased"]) == (
        None,
        "Jo Field",
        "s",
        True,
    )


def test_the_subjects_own_record_says_what_was_taken_by_whose_approval_and_why(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    number, subject = resolved(desk, contact=JO), desk.pseudonyms.of(JO)
    had = kept(database, subject)
    erased = erase(desk, scope=EVERYTHING)
    assert erased == Erased(subject, EVERYTHING, sum(had.values()), tuple(sorted(had.items())), (number,), events(desk))
    assert erased.position is not None
    (last,) = desk.recorded(erased.position - 1, erased.position)
    assert last.topic == "subject.personal_data_erased"
    assert isinstance(last.originator_id, UUID)
    entry = desk.runner.store.history(last.originator_id)[-1]
    assert (
        vars(entry.event).items()
        >= {
            "subject": subject,
            "scope": EVERYTHING,
            "approved_by": "r.audit",
            "disclosures": sum(had.values()),
            "by": ADMIN.actor,
        }.items()
    )
    assert [d.texts for d in entry.disclosures] == [{"reason": "they asked for it"}]


def test_every_disclosure_that_is_gone_is_explained_by_a_later_event_of_its_subject_and_scope(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    """The rule that `verify` goes by."""
    everywhere(desk)
    erase(desk)
    erase(desk, scope=EVERYTHING)
    log(desk, contact=JO)
    with psycopg.connect(database.superuser) as superuser:
        rows = superuser.execute(
            "SELECT notification_id, topic, convert_from(state, 'UTF8')::jsonb, originator_id, originator_version "
            "FROM ledger.stored_events ORDER BY 1"
        ).fetchall()
        there = {bytes(d).hex() for (d,) in superuser.execute("SELECT digest FROM vault.disclosures")}
    gone = [(p, d) for p, _, state, *_ in rows for d in pointed_to(state) if d["digest"] not in there]
    erasures = [
        (p, state["subject"], state["scope"]) for p, topic, state, *_ in rows if topic.endswith(".personal_data_erased")
    ]
    explained = [
        any(
            at > p and subject == d["subject"] and d["kind"] in ErasureScope(scope).kinds
            for at, subject, scope in erasures
        )
        for p, d in gone
    ]
    assert len(gone) > 12
    assert all(explained)


def test_whatever_stream_lost_words_has_moved_on(desk: BlockingDesk, database: TestDatabase) -> None:
    everywhere(desk)
    subject = desk.pseudonyms.of(JO)
    streams = {each.stream: each.aggregate for each in desk.runner.register.disclosed(subject)}
    assert set(streams.values()) == {"case", "customer", "intake", "message", "problem"}
    erase(desk, scope=EVERYTHING)
    topics = {desk.runner.store.history(stream)[-1].event.TOPIC for stream in streams}
    assert topics == {f"{kind}.personal_data_erased" for kind in streams.values()}


def test_erasing_twice_takes_nothing_and_records_nothing(desk: BlockingDesk) -> None:
    log(desk, contact=JO)
    erase(desk, scope=EVERYTHING)
    before = events(desk)
    assert erase(desk, scope=EVERYTHING) == Erased(desk.pseudonyms.of(JO), EVERYTHING)
    assert erase(desk) == Erased(desk.pseudonyms.of(JO), CONTACT)
    assert events(desk) == before


def test_one_of_whom_nothing_was_ever_kept_is_unknown(desk: BlockingDesk) -> None:
    log(desk, contact=JO)
    before = events(desk)
    for given in ("nobody", "nobody@agency.example", "no\0body@x"):
        with pytest.raises(NotFound, match="never kept anything"):
            erase(desk, given)
    assert events(desk) == before


def test_the_offices_own_words_are_nobodys(desk: BlockingDesk) -> None:
    log(desk, contact=JO)
    erase(desk)
    for given in ("access:k.new", f"erasure:{desk.pseudonyms.of(JO)}"):
        desk.grants.ensure("k.new", Role.TECHNICIAN, None, None, OPERATOR, anew=False)
        if given.startswith("access"):
            desk.grants.revoke("k.new", Role.TECHNICIAN, None, because(OPERATOR, "left"))
        with pytest.raises(Invalid, match="no person's id"):
            erase(desk, given, EVERYTHING)


def test_a_customer_with_a_token_of_his_own_is_named_by_his_id(desk: BlockingDesk) -> None:
    own = Request(Actor("jo@agency", Role.CUSTOMER), "test")
    number = log(desk, contact=JO, request=own)
    log(desk, contact=SAM)
    assert erase(desk, "jo@agency").cases == (number,), "also where it looks like an address"


def test_the_known_error_of_a_problem_is_erased_under_the_problems_name(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    """Its words are the desk's; where they name somebody after all, this takes them back."""
    number = desk.problems.open("printing", 3, "Jo's printer", "jams", TECHNICIAN).root.number
    desk.problems.publish_known_error(number, "Jo's printer jams", "jams", "call Jo", NETWORK)
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
        assert connection.execute("SELECT title FROM views.known_errors").fetchall() == [("Jo's printer jams",)]
        erase(desk, f"problem:{number}", EVERYTHING)
        assert connection.execute("SELECT title FROM views.known_errors").fetchall() == []
        Projector(connection).catch_up()
        assert connection.execute("SELECT title FROM views.known_errors").fetchall() == []
        assert connection.execute("SELECT status FROM views.problems").fetchall() == [("known_error",)]
