"""Whoever opens a case by mail is told its number: once, within the limits, and never a machine (`intake.md`, RFC 3834)."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.administration.catalogue import OPERATOR
from application.execution.attempt import Attempt
from application.execution.requests import Request
from application.mail_out.letters import LetterKind, Sent
from application.mail_out.notices import Notices
from application.mail_out.outbox import come_back
from application.processes.mail_delivery import REQUEST
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.obligation import ObligationKind
from domain.outgoing_mail import Message
from domain.values import Actor, Channel, DisclosureKind, Role
from tests.application.cases import LINKS, resolved
from tests.blocking import BlockingDesk

GATEWAY = Request(Actor("mail.gateway", Role.INTAKE), "smtp")


def by_mail(desk: BlockingDesk, ago: timedelta = timedelta()) -> Attempt:
    return desk.attempt(GATEWAY, ago, Channel.EMAIL)


def opened(
    desk: BlockingDesk,
    on: Attempt,
    email: str = "jo@agency.example",
    *,
    channel: Channel = Channel.EMAIL,
    store: bool = True,
) -> Case:
    """A case, stored unless its acknowledgement is to be a part of the same transaction."""
    contact = {"email": email, "name": "Jo Field"}
    customer = desk.pseudonyms.of(contact)
    said = on.say(customer, DisclosureKind.CONTACT, contact)
    words = on.say(customer, DisclosureKind.CUSTOMER_WORDS, {"subject": secrets.token_hex(8)})
    report = IncidentReport(channel, on.at, customer, contact=said, words=words)
    case = Case.log(on.new_id(), desk.runner.register.next_case_number(), report, on.policy, on.provenance)
    if store:
        desk.save(case)
    return case


def notices(desk: BlockingDesk) -> Any:
    """The desk's own notices, as a test calls them."""
    return BlockingDesk(desk.portal, Notices(desk.target.runner.repository, desk.target.addresses))


def acknowledged(desk: BlockingDesk, case: Case, on: Attempt, **said: object) -> Message | None:
    """The mail, stored with the case it is about."""
    queued = notices(desk).acknowledge(case, on, **said)
    if changed := [root for root in (*queued, case) if root.pending_events]:
        desk.save(*changed)
    return next((root for root in queued if isinstance(root, Message)), None)


def test_the_mail_is_queued_with_the_case_and_says_what_it_answers(desk: BlockingDesk) -> None:
    now = by_mail(desk)
    case = opened(desk, now, store=False)
    mail = acknowledged(desk, case, now, answers="<1@agency.example>")
    assert mail is not None
    assert (mail.kind, mail.resolution) == (LetterKind.ACKNOWLEDGED, None)
    letter = desk.outbox.letter(mail.id, LINKS)
    assert letter is not None
    assert (letter.case, letter.recipient, letter.deadline) == (case.number, "jo@agency.example", None)
    assert letter.thread.answers == "<1@agency.example>"
    assert letter.thread.bounces_to is None
    assert (letter.follow_url, letter.dispute_url) == (f"follow {case.number} {case.customer}", None)
    assert desk.addresses.read_reply(letter.thread.reply_to) == (case.number, desk.addresses.digest_of(case.customer))
    assert desk.addresses.read_reference(letter.thread.root) == case.number
    stored = desk.runner.store.history(mail.id)[0].state
    assert b"1@agency" not in stored, "whose mail it was is no part of the record"


def test_its_fate_is_none_of_the_cases(desk: BlockingDesk) -> None:
    now = by_mail(desk)
    case = opened(desk, now, store=False)
    mail = acknowledged(desk, case, now)
    assert mail is not None
    desk.outbox.refused(mail.id, "550 5.1.1 who", OPERATOR)
    read: Message = desk.runner.store.load(mail.id)
    assert read.outcome == "bounced"
    known: Case = desk.runner.store.load(case.id)
    assert (known.version, known.obligations) == (case.version, case.obligations)


@pytest.mark.parametrize("hostile", ["<a@b>\r\nBcc: <c@d>", "no id", "<" + "a" * 500 + "@b>", "<a b@c>", ""])
def test_what_is_no_message_id_is_not_answered_by_it(desk: BlockingDesk, hostile: str) -> None:
    now = by_mail(desk)
    mail = acknowledged(desk, opened(desk, now, store=False), now, answers=hostile)
    assert mail is not None
    assert mail.recipient.text("answers") is None


@pytest.mark.parametrize(
    "nobody",
    [
        "mailer-daemon@agency.example",
        "MAILER-DAEMON@agency.example",
        "postmaster@agency.example",
        "no-reply@agency.example",
        "noreply+7@agency.example",
        "all-bounces+jo=x@agency.example",
        "owner-all@agency.example",
        "all-request@agency.example",
        "service-desk@caseledger.example",
        "service-desk+anything@caseledger.example",
    ],
)
def test_nobody_is_answered_nothing(desk: BlockingDesk, nobody: str) -> None:
    now = by_mail(desk)
    assert acknowledged(desk, opened(desk, now, nobody, store=False), now) is None


def test_a_mail_that_wants_no_automatic_answer_gets_none(desk: BlockingDesk) -> None:
    now = by_mail(desk)
    assert acknowledged(desk, opened(desk, now, store=False), now, unwanted=True) is None


@pytest.mark.parametrize(("channel", "told"), [(Channel.SELF_SERVICE, True), (Channel.PHONE, False)])
def test_the_policy_says_on_which_channels(desk: BlockingDesk, channel: Channel, told: bool) -> None:
    now = by_mail(desk)
    mail = acknowledged(desk, opened(desk, now, channel=channel, store=False), now)
    assert (mail is not None) is told
    desk.policy.adopt(OPERATOR)
    desk.policy.change(lambda policy: replace(policy, acknowledged=()), "quiet", OPERATOR)
    now = by_mail(desk)
    assert acknowledged(desk, opened(desk, now, store=False), now) is None


def test_one_acknowledgement_a_case_and_sender_a_day(desk: BlockingDesk) -> None:
    case = opened(desk, by_mail(desk, timedelta(hours=40)))
    sent = [
        acknowledged(desk, desk.runner.store.load(case.id), by_mail(desk, timedelta(hours=ago))) is not None
        for ago in (39, 38, 16, 14, 0)
    ]
    assert sent == [True, False, False, True, False]
    now = by_mail(desk)
    assert acknowledged(desk, opened(desk, now), now) is not None, "another case is acknowledged"


def test_five_automatic_mails_an_address_an_hour(desk: BlockingDesk) -> None:
    def told(minutes: int, email: str = "jo@agency.example") -> bool:
        at = by_mail(desk, timedelta(minutes=minutes))
        return acknowledged(desk, opened(desk, at, email, store=False), at) is not None

    assert [told(minutes) for minutes in (100, 99, 98, 97, 96, 95, 59, 39)] == [True] * 5 + [False] * 2 + [True]
    assert told(39, "ann@agency.example"), "somebody else is answered"


def test_more_than_ten_cases_a_sender_an_hour_go_to_the_last_of_them(desk: BlockingDesk) -> None:
    def holding_case(email: str, at: datetime) -> Case | None:
        found: Case | None = notices(desk).holding_case(desk.pseudonyms.of({"email": email}), at, by_mail(desk).policy)
        return found

    def holding(minutes: int) -> str | None:
        case = holding_case("Jo@agency.example", by_mail(desk, timedelta(minutes=minutes)).at)
        return None if case is None else case.number

    numbers = []
    for minutes in range(50, 40, -1):
        assert holding(minutes) is None
        numbers.append(opened(desk, by_mail(desk, timedelta(minutes=minutes))).number)
    assert holding(30) == holding(5) == numbers[-1]
    assert holding_case("ann@agency.example", desk.clock.now()) is None
    later = desk.clock.now() + timedelta(minutes=15)
    assert holding_case("jo@agency.example", later) is None, "the hour is over"


def test_r_5_9g_a_mail_that_comes_back_after_a_server_took_it_stops_the_window(desk: BlockingDesk) -> None:
    number = resolved(desk)
    known = desk.runner.repository.get(Case, number)
    (stream,) = desk.runner.register.begun(known.customer, "message.queued", UUID(int=0))
    desk.outbox.accepted(stream, Sent("raw", "250 OK"), desk.clock.now(), REQUEST)
    assert desk.runner.repository.get(Case, number).dispute_until is not None
    mail, case = desk.runner.store.load(stream), desk.runner.repository.get(Case, number)
    come_back(mail, case, "dsn-5.1.1", by_mail(desk))
    desk.save(mail, case)
    case = desk.runner.repository.get(Case, number)
    assert (desk.runner.store.load(stream).outcome, case.dispute_until, case.failed_notifications) == (
        "bounced",
        None,
        1,
    )
    assert ObligationKind.INFORM_CUSTOMER in case.obligations
    mail = desk.runner.store.load(stream)
    come_back(mail, case, "dsn-5.1.1", by_mail(desk))
    assert not mail.pending_events, "a second report changes nothing"
    assert not case.pending_events


def test_r_5_9g_a_mail_that_comes_back_before_its_acceptance_is_on_record_starts_no_window(desk: BlockingDesk) -> None:
    number = resolved(desk)
    known = desk.runner.repository.get(Case, number)
    (stream,) = desk.runner.register.begun(known.customer, "message.queued", UUID(int=0))
    mail, case = desk.runner.store.load(stream), desk.runner.repository.get(Case, number)
    come_back(mail, case, "dsn-5.1.1", by_mail(desk))
    desk.save(mail, case)
    desk.outbox.accepted(stream, Sent("raw", "250 OK"), desk.clock.now(), REQUEST)
    case = desk.runner.repository.get(Case, number)
    assert (desk.runner.store.load(stream).outcome, case.dispute_until) == ("bounced", None)
    assert ObligationKind.INFORM_CUSTOMER in case.obligations
