"""Erasure and legal holds: who may, with whose approval, what goes and what stays (R-5.9f; audit.md, Personal data)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.main import open_desk
from application.catalogue import OPERATOR
from application.desk import Desk
from application.documents import case_document, history_item
from application.intake.mail import receipt_document
from application.letters import Sent
from application.ports import Disclosed
from application.privacy import Erased
from application.processes.sending import REQUEST, send_due
from application.requests import Request
from application.views.questions import Page
from domain.case.logging import Report
from domain.case.resolution import Verification
from domain.case.state import CauseCorrected, ResolutionCode
from domain.catalogue import Customer
from domain.errors import Forbidden, Invalid, InvalidTransition, NotFound, OnHold
from domain.obligations import ObligationKind
from domain.values import Actor, Channel, ErasureScope, Role
from infrastructure.views.projector import Projector
from infrastructure.views.reading import PostgresViews
from infrastructure.views.timers import PostgresTimers
from tests.application.cases import FIXED, NETWORK, TECHNICIAN, assigned, log, resolved
from tests.application.conftest import ADMIN, events
from tests.conftest import TestDatabase, grant_everybody
from tests.history.record import message_of

AUDITOR = Actor("r.audit", Role.AUDITOR)
JO: dict[str, Any] = {"name": "Jo Field", "email": "jo.field@agency.example"}
SAM: dict[str, Any] = {"name": "Sam Reed", "email": "sam.reed@agency.example"}
CONTACT, EVERYTHING = ErasureScope.CONTACT_AND_WORDS, ErasureScope.EVERYTHING


@pytest.fixture
def desk(database: TestDatabase) -> Iterator[Desk]:
    """The desk as `caseledger erase` opens it, with an administrator."""
    with open_desk(database, component="eraser") as opened:
        grant_everybody(opened)
        opened.ensure_granted("root", Role.ADMIN, None, None, OPERATOR, anew=False)
        yield opened


def erase(desk: Desk, given: str = "jo.field@agency.example", scope: ErasureScope = CONTACT, **how: Any) -> Erased:
    return desk.erase(given, scope, how.get("approved_by", "r.audit"), "he asked for it", how.get("request", ADMIN))


def document(desk: Desk, number: str) -> dict[str, Any]:
    return case_document(desk.case(number, AUDITOR))


def kept(database: TestDatabase, subject: str) -> dict[str, int]:
    """How many disclosures of somebody the vault has, by kind."""
    with database.connect("auditor") as auditor:
        query = "SELECT kind, count(*) FROM vault.disclosures WHERE subject = %s GROUP BY 1"
        return dict(auditor.execute(query, (subject,)).fetchall())


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
        _report(desk),
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


# what goes and what stays


def test_r_5_9f_an_erased_case_reads_replays_and_says_so_and_its_version_has_moved(desk: Desk) -> None:
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
    past = case_document(desk.case(number, AUDITOR, version=before["version"]))
    assert past["version"], past["status"] == (before["version"], before["status"])
    items = [history_item(entry, Role.AUDITOR) for entry in desk.history(number, AUDITOR)]
    assert items[-1]["topic"] == "case.personal_data_erased"
    assert items[-1]["reason"] == "he asked for it"
    assert items[-1]["data"] == {"subject": erased.subject, "scope": "contact-and-words"}
    assert items[0]["data"]["words"]["erased"] is True


def test_what_staff_wrote_goes_with_everything(desk: Desk, database: TestDatabase) -> None:
    number, subject = resolved(desk, contact=JO), desk.customer_id(JO)
    erase(desk)
    assert kept(database, subject).keys() == {"staff_words"}
    assert document(desk, number)["resolution"]["solution"] == "restarted"
    told = erase(desk, scope=EVERYTHING)
    assert dict(told.by_kind).keys() == {"staff_words"}
    assert kept(database, subject) == {}
    assert document(desk, number)["resolution"]["solution"] is None


def test_others_keep_what_was_said_of_them(desk: Desk, database: TestDatabase) -> None:
    mine, his = log(desk, contact=JO), log(desk, contact=SAM)
    before, had = document(desk, his), kept(database, desk.customer_id(SAM))
    assert erase(desk, scope=EVERYTHING).cases == (mine,)
    assert document(desk, his) == before
    assert kept(database, desk.customer_id(SAM)) == had


def test_who_reported_a_case_for_somebody_else_is_erased_there_and_the_customer_is_not(desk: Desk) -> None:
    number = desk.log_case(_report(desk), JO, {"subject": "s", "description": "d"}, SAM, None, TECHNICIAN).case.number
    assert erase(desk, SAM["email"]).cases == (number,)
    after = document(desk, number)
    assert (after["reporter"], after["customer"]["name"], after["subject"], after["erased"]) == (
        None,
        "Jo Field",
        "s",
        True,
    )


def test_the_subjects_own_record_says_what_was_taken_by_whose_approval_and_why(
    desk: Desk, database: TestDatabase
) -> None:
    number, subject = resolved(desk, contact=JO), desk.customer_id(JO)
    had = kept(database, subject)
    erased = erase(desk, scope=EVERYTHING)
    assert erased == Erased(subject, EVERYTHING, sum(had.values()), tuple(sorted(had.items())), (number,), events(desk))
    (last,) = desk.recorder.select_notifications(start=erased.position, limit=1)
    assert last.topic == "subject.personal_data_erased"
    assert isinstance(last.originator_id, UUID)
    entry = desk.register.history(last.originator_id)[-1]
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
    assert [d.texts for d in entry.disclosures] == [{"reason": "he asked for it"}]


def test_every_disclosure_that_is_gone_is_explained_by_a_later_event_of_its_subject_and_scope(
    desk: Desk, database: TestDatabase
) -> None:
    """The rule that `verify` goes by."""
    _everywhere(desk)
    erase(desk)
    erase(desk, scope=EVERYTHING)
    log(desk, contact=JO)
    with psycopg.connect(database.superuser) as superuser:
        rows = superuser.execute(
            "SELECT notification_id, topic, convert_from(state, 'UTF8')::jsonb, originator_id, originator_version "
            "FROM ledger.stored_events ORDER BY 1"
        ).fetchall()
        there = {bytes(d).hex() for (d,) in superuser.execute("SELECT digest FROM vault.disclosures")}
    gone = [(p, d) for p, _, state, *_ in rows for d in _pointed_to(state) if d["digest"] not in there]
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


def test_whatever_stream_lost_words_has_moved_on(desk: Desk, database: TestDatabase) -> None:
    _everywhere(desk)
    subject = desk.customer_id(JO)
    streams = {each.stream: each.aggregate for each in desk.register.disclosed(subject)}
    assert set(streams.values()) == {"case", "customer", "intake", "message", "problem"}
    erase(desk, scope=EVERYTHING)
    topics = {desk.register.history(stream)[-1].event.TOPIC for stream in streams}
    assert topics == {f"{kind}.personal_data_erased" for kind in streams.values()}


def test_erasing_twice_takes_nothing_and_records_nothing(desk: Desk) -> None:
    log(desk, contact=JO)
    erase(desk, scope=EVERYTHING)
    before = events(desk)
    assert erase(desk, scope=EVERYTHING) == Erased(desk.customer_id(JO), EVERYTHING)
    assert erase(desk) == Erased(desk.customer_id(JO), CONTACT)
    assert events(desk) == before


def test_one_of_whom_nothing_was_ever_kept_is_unknown(desk: Desk) -> None:
    log(desk, contact=JO)
    before = events(desk)
    for given in ("nobody", "nobody@agency.example", "no\0body@x"):
        with pytest.raises(NotFound, match="nothing was ever kept"):
            erase(desk, given)
    assert events(desk) == before


def test_the_offices_own_words_are_nobodys(desk: Desk) -> None:
    log(desk, contact=JO)
    erase(desk)
    for given in ("access:k.new", f"erasure:{desk.customer_id(JO)}"):
        desk.ensure_granted("k.new", Role.TECHNICIAN, None, None, OPERATOR, anew=False)
        if given.startswith("access"):
            desk.revoke("k.new", Role.TECHNICIAN, None, "left", OPERATOR)
        with pytest.raises(Invalid, match="nobody's id"):
            erase(desk, given, EVERYTHING)


def test_a_customer_with_a_token_of_his_own_is_named_by_his_id(desk: Desk) -> None:
    own = Request(Actor("jo@agency", Role.CUSTOMER), "test")
    number = log(desk, contact=JO, request=own)
    log(desk, contact=SAM)
    assert erase(desk, "jo@agency").cases == (number,), "also where it looks like an address"


def test_the_known_error_of_a_problem_is_erased_under_the_problems_name(desk: Desk, database: TestDatabase) -> None:
    """Its words are the desk's; where they name somebody after all, this takes them back."""
    number = desk.open_problem("printing", 3, "Jo's printer", "jams", TECHNICIAN).root.number
    desk.publish_known_error(number, "Jo's printer jams", "jams", "call Jo", NETWORK)
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
        assert connection.execute("SELECT title FROM views.known_errors").fetchall() == [("Jo's printer jams",)]
        erase(desk, f"problem:{number}", EVERYTHING)
        assert connection.execute("SELECT title FROM views.known_errors").fetchall() == []
        Projector(connection).catch_up()
        assert connection.execute("SELECT title FROM views.known_errors").fetchall() == []
        assert connection.execute("SELECT status FROM views.problems").fetchall() == [("known_error",)]


# what came in and what goes out


def test_a_message_in_quarantine_is_still_there_and_says_that_it_was_erased(desk: Desk) -> None:
    receipt = _quarantined(desk)
    assert erase(desk).disclosures == 1
    told = receipt_document(desk.receipt(receipt, AUDITOR))
    assert (told["erased"], told["text"], told["state"]) == (True, None, "quarantined")
    with pytest.raises(InvalidTransition, match="erased"):
        desk.release_message(receipt, None, TECHNICIAN)
    assert _quarantined(desk) == receipt, "sent once more, it is what came before, and is not kept again"
    assert desk.register.disclosed(desk.customer_id(JO)) == []
    desk.discard_message(receipt, "erased", TECHNICIAN)


def test_r_5_9g_a_queued_mail_to_one_who_was_erased_is_withdrawn_and_he_is_to_be_told_otherwise(
    desk: Desk, database: TestDatabase
) -> None:
    erased, other = resolved(desk, contact=JO), resolved(desk, contact=SAM)
    erase(desk)
    sent = list[str]()

    class Postman:
        def deliver(self, letter: Any) -> Sent:
            sent.append(letter.recipient)
            return Sent("raw", "250 OK")

    with database.connect("projector") as connection, database.pool("mail", size=1) as pool:
        Projector(connection).catch_up()
        send_due(desk, PostgresTimers(pool), Postman(), lambda *_: "https://x.example")
        Projector(connection).catch_up()
        assert PostgresTimers(pool).due_messages(desk.clock.now(), 10) == []
    assert sent == [SAM["email"]]
    assert desk.case(other, AUDITOR).dispute_until is not None
    case = desk.case(erased, AUDITOR)
    assert (case.failed_notifications, list(case.obligations)) == (1, [ObligationKind.INFORM_CUSTOMER])
    assert desk.history(erased, AUDITOR)[-1].event.cause == "erased"  # type: ignore[attr-defined]


def test_a_mail_that_was_on_its_way_when_he_was_erased_is_recorded_without_its_words(
    desk: Desk, database: TestDatabase
) -> None:
    number, subject = resolved(desk, contact=JO), desk.customer_id(JO)
    message = message_of(desk, number)
    erase(desk, scope=EVERYTHING)
    desk.mail_accepted(message, Sent("To: jo.field@agency.example", "250 OK"), desk.clock.now(), REQUEST)
    assert kept(database, subject) == {}
    assert desk.case(number, AUDITOR).dispute_until is not None


def test_a_resolution_after_the_erasure_has_nobody_to_tell(desk: Desk) -> None:
    number = assigned(desk, contact=JO)
    erase(desk)
    _resolve(desk, number)
    assert desk.case(number, AUDITOR).failed_notifications == 1


# search


def test_search_and_candidates_find_what_is_still_there(desk: Desk, database: TestDatabase) -> None:
    words = {"subject": "Plotter P-4711 jams", "description": "Plotter P-4711 jams on every page", "symptoms": "jams"}
    mine, his = log(desk, contact=JO, words=words), log(desk, contact=SAM, words=words)
    with database.connect("projector") as connection, database.pool("api", size=1) as pool:
        views, projector = PostgresViews(pool), Projector(connection)
        projector.catch_up()
        assert {item["number"] for item in views.search("plotter", Page()).items} == {mine, his}
        third = log(desk, contact=SAM, words=words)
        assert {c.case for c in desk.candidates(third, AUDITOR)} == {mine, his}
        erase(desk)
        for _ in range(2):  # before the views have folded it, and after
            assert {c.case for c in desk.candidates(third, AUDITOR)} == {his}
            assert mine not in {item["number"] for item in views.search("plotter", Page()).items}
            assert desk.candidates(mine, AUDITOR) == []
            assert _words(database, mine) == []
            projector.catch_up()
        (listed,) = views.cases({"customer": desk.customer_id(JO)}, "number", Page()).items
        assert (listed["number"], listed["subject"], listed["version"]) == (mine, None, 2)


def test_what_is_said_after_an_erasure_is_found_again_and_can_be_erased_again(
    desk: Desk, database: TestDatabase
) -> None:
    number = log(desk, contact=JO)
    erase(desk)
    desk.correct(number, "symptoms", "whistles", "he called again", TECHNICIAN)
    with database.connect("projector") as connection, database.pool("api", size=1) as pool:
        Projector(connection).catch_up()
        assert [item["number"] for item in PostgresViews(pool).search("whistles", Page()).items] == [number]
        assert erase(desk).disclosures == 1
        Projector(connection).catch_up()
        assert PostgresViews(pool).search("whistles", Page()).items == []


# together with others


def test_words_added_between_deciding_and_committing_are_decided_anew_and_go_as_well(
    desk: Desk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, subject = log(desk, contact=JO), desk.customer_id(JO)
    with open_desk(database) as other:
        looked = _interrupted(
            desk, monkeypatch, 2, lambda: other.note(number, "late", visible_to_customer=False, request=TECHNICIAN)
        )
        erased = erase(desk, scope=EVERYTHING)
    assert len(looked) == 5, "decided twice"
    assert (erased.disclosures, dict(erased.by_kind)["staff_words"]) == (3, 1)
    assert kept(database, subject) == {}
    assert [e.event.TOPIC for e in desk.history(number, AUDITOR)] == [
        "case.logged",
        "case.noted",
        "case.personal_data_erased",
    ]


def test_a_hold_placed_between_deciding_and_committing_keeps_everything(
    desk: Desk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, subject = log(desk, contact=JO), desk.customer_id(JO)
    with open_desk(database) as other:
        _interrupted(desk, monkeypatch, 2, lambda: other.hold(number, "operator", "a claim", OPERATOR))
        with pytest.raises(OnHold, match=number):
            erase(desk, scope=EVERYTHING)
    assert kept(database, subject) == {"contact": 1, "customer_words": 1, "staff_words": 1}


def test_a_case_logged_in_between_is_left_alone(
    desk: Desk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, new = log(desk, contact=JO), list[str]()
    with open_desk(database) as other:
        _interrupted(desk, monkeypatch, 2, lambda: new.append(log(other, contact=JO)))
        assert erase(desk).cases == (number,)
    assert not document(desk, new[0])["erased"]
    assert erase(desk).cases == tuple(new)


def _interrupted(desk: Desk, monkeypatch: pytest.MonkeyPatch, call: int, happens: Any) -> list[int]:
    """Let something happen right after the desk has looked into the vault for the nth time."""
    look, looked = desk.register.disclosed, list[int]()

    def looking(subject: str) -> Sequence[Disclosed]:
        found = look(subject)
        looked.append(len(found))
        if len(looked) == call + 1:  # an address is looked up once before it is decided upon
            happens()
        return found

    monkeypatch.setattr(desk.register, "disclosed", looking)
    return looked


# what these tests start from


def _report(desk: Desk) -> Report:
    return Report(Channel.PHONE, desk.clock.now(), "", service="printing")


def _resolve(desk: Desk, number: str, **changes: Any) -> None:
    desk.verify(number, Verification(True, True, "phone", desk.clock.now()), None, NETWORK)
    desk.resolve(number, replace(FIXED, **changes), "restarted", None, NETWORK)


def _quarantined(desk: Desk) -> Any:
    gateway = Request(Actor("mail.gateway", Role.INTAKE), "http")
    desk.ensure_granted("mail.gateway", Role.INTAKE, None, None, OPERATOR, anew=False)
    raw = b"From: Jo Field <jo.field@agency.example>\r\nPrecedence: bulk\r\nSubject: Plotter\r\n\r\nNo paper.\r\n"
    return desk.receive(raw, gateway).receipt


def _everywhere(desk: Desk) -> None:
    """Jo is a customer of the directory, wrote in, was mailed, and has a problem with a work-around."""
    number = resolved(desk, contact=JO)
    desk.mail_accepted(message_of(desk, number), Sent("To: jo", "250 OK"), desk.clock.now(), REQUEST)
    around = assigned(desk, contact=JO)
    _resolve(desk, around, workaround=True, code=ResolutionCode.WORKAROUND, cause_corrected=CauseCorrected.NO)
    _quarantined(desk)
    desk.list_entry("customers", Customer(desk.customer_id(JO)), JO, None, OPERATOR)


def _pointed_to(value: Any) -> list[dict[str, str]]:
    """The disclosures that a state points to."""
    if isinstance(value, dict):
        if value.keys() == {"digest", "subject", "kind"}:
            return [value]
        return [found for each in value.values() for found in _pointed_to(each)]
    return [found for each in value for found in _pointed_to(each)] if isinstance(value, list) else []


def _words(database: TestDatabase, number: str) -> list[Any]:
    with psycopg.connect(database.superuser) as superuser:
        return superuser.execute("SELECT words FROM views.case_texts WHERE number = %s", (number,)).fetchall()
