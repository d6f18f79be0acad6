"""Mails, closures and messages that fail: each is set aside where it is seen, and holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import MapperDeserialisationError, OperationalError

from application.mail_in.envelope import NO_ENVELOPE
from application.mail_in.failures import Failures
from application.mail_out.letters import Letter, Postman, Sent
from application.processes import mail_delivery
from application.processes.automatic_closure import close_due
from application.processes.mail_delivery import AT_ONCE_TO_ONE_DOMAIN, Sending
from application.processes.mail_receipt import admit_gateway, taking
from application.processes.retries import Tries
from domain.clock import AheadClock
from domain.obligation import ObligationKind
from domain.values import Actor, Role
from infrastructure.postgres.connections import AsyncPool
from infrastructure.postgres.workers.operations import PostgresSetAside
from infrastructure.views.questions.timers import PostgresTimers
from tests.application.cases import LINKS, log, resolved
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase
from tests.history.record import message_of
from tests.infrastructure.postgres.workers.health import catch_up, told

AUDITOR = Actor("r.audit", Role.AUDITOR)


class Slow:
    """A mail server that keeps one domain waiting."""

    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.waiting = self.most_waiting = 0
        self.came, self.goes_on = asyncio.Condition(), asyncio.Event()

    async def deliver(self, letter: Letter) -> Sent:
        slow = letter.recipient.endswith("@slow.example")
        async with self.came:
            self.delivered.append(letter.recipient)
            self.waiting += slow
            self.most_waiting = max(self.most_waiting, self.waiting)
            self.came.notify_all()
        try:
            await (self.goes_on.wait() if slow else asyncio.sleep(0))
        finally:
            self.waiting -= slow
        return Sent("raw", "250 OK")

    async def until(self, *delivered: str, waiting: int) -> None:
        """Wait until these mails have come, and so many wait."""
        async with asyncio.timeout(60), self.came:
            await self.came.wait_for(lambda: self.waiting == waiting and set(delivered) <= set(self.delivered))


@contextmanager
def sending(desk: BlockingDesk, database: TestDatabase, postman: Postman, limit: int = 5) -> Iterator[BlockingDesk]:
    """What sends mails, in the event loop of the desk."""

    def make(pool: AsyncPool) -> Sending:
        tries = Tries(PostgresSetAside(pool, "mail"), limit, lambda: 0.0)
        return Sending(desk.target, PostgresTimers(pool), postman, LINKS, tries)

    with desk.on_pool(database, "mail", make, size=2) as out:
        yield out


def test_r_5_9a_a_server_slow_for_one_domain_holds_up_no_mail_to_another(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    for number in range(4):
        resolved(desk, contact={"name": "Sl", "email": f"s{number}@slow.example"})
    resolved(desk, contact={"name": "Jo", "email": "jo@quick.example"})
    catch_up(database)
    postman = Slow()

    async def send_all(out: Sending) -> None:
        await out.begin_due()
        await postman.until("jo@quick.example", waiting=AT_ONCE_TO_ONE_DOMAIN)
        postman.goes_on.set()
        await out.finish()
        while len(postman.delivered) < 5:
            await out.begin_due()
            await out.finish()

    with sending(desk, database, postman) as out:
        out.run(send_all)
    assert sorted(postman.delivered) == ["jo@quick.example", *(f"s{number}@slow.example" for number in range(4))]
    assert postman.most_waiting == AT_ONCE_TO_ONE_DOMAIN


def test_r_5_9a_a_worker_that_stops_cuts_off_a_server_that_does_not_answer_and_the_mail_is_sent_again(
    desk: BlockingDesk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_delivery, "_LEAVING", 0)
    number = resolved(desk, contact={"name": "Sl", "email": "s@slow.example"})
    catch_up(database)
    postman = Slow()

    async def stop_in_the_middle(out: Sending) -> None:
        await out.begin_due()
        await postman.until("s@slow.example", waiting=1)
        await out.finish()

    with sending(desk, database, postman) as out:
        out.run(stop_in_the_middle)
    assert postman.waiting == 0
    assert desk.records.case(number, AUDITOR).dispute_until is None
    postman.goes_on.set()
    with sending(desk, database, postman) as out:
        assert out.begin_due() == 1
        out.wait(60)
    assert postman.delivered == ["s@slow.example"] * 2
    assert desk.records.case(number, AUDITOR).dispute_until is not None


def test_a_store_that_went_away_while_a_mail_was_sent_is_told_to_the_worker_once(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    class Away:
        async def deliver(self, letter: Letter) -> Sent:
            raise OperationalError("away")

    resolved(desk)
    catch_up(database)
    with sending(desk, database, Away(), limit=1) as out:
        out.begin_due()
        out.finish()
        with pytest.raises(OperationalError, match="away"):
            out.begin_due()
        assert out.begin_due() == 1, "no mail is to blame"
        out.finish()
    assert told(database)["items"] == []


class Broken:
    """A letter that cannot be written, whoever tries."""

    async def deliver(self, letter: Letter) -> Sent:
        if letter.recipient == "bad@agency.example":
            raise KeyError(letter.subject)
        return Sent("raw", "250 OK")


def test_r_5_9g_a_mail_that_can_never_be_written_is_an_obligation_after_some_tries(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    bad, good = (resolved(desk, contact={"name": "X", "email": f"{who}@agency.example"}) for who in ("bad", "good"))
    catch_up(database)
    with sending(desk, database, Broken(), limit=1) as out:
        out.begin_due()
        out.finish()
    assert desk.records.case(good, AUDITOR).dispute_until is not None
    case = desk.records.case(bad, AUDITOR)
    assert list(case.obligations) == [ObligationKind.INFORM_CUSTOMER]
    assert told(database)["items"] == []


def poison(database: TestDatabase, stream: Any) -> None:
    """Put an event into a stream that nobody can read."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)"
            " SELECT originator_id, max(originator_version) + 1, 'case.unheard_of', '{}' FROM ledger.stored_events"
            " WHERE originator_id = %s GROUP BY 1",
            (stream,),
        )


def test_r_5_9a_a_mail_that_cannot_even_be_recorded_is_set_aside_where_it_is_seen(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    bad, good = resolved(desk), resolved(desk)
    catch_up(database)
    poison(database, message_of(desk, bad))
    with sending(desk, database, Broken(), limit=1) as out:
        for _ in range(2):
            out.begin_due()
            out.finish()
        assert desk.records.case(good, AUDITOR).dispute_until is not None
        (item,) = told(database)["items"]
        assert (item["kind"], item["item"], item["tries"]) == ("mail", str(message_of(desk, bad)), 1)
    with desk.on_pool(database, "mail", lambda pool: PostgresSetAside(pool, "mail")) as kept:
        kept.run(Tries.begin)
    assert told(database)["set_aside"] == 0, "a worker that starts tries everything again"


def test_r_5_9d_a_case_that_cannot_be_closed_holds_up_no_other(desk: BlockingDesk, database: TestDatabase) -> None:
    bad, good = resolved(desk), resolved(desk)
    catch_up(database)
    with sending(desk, database, Broken()) as out:
        out.begin_due()
        out.finish()
    catch_up(database)
    poison(database, desk.records.case(bad, AUDITOR).id)
    later = AheadClock(timedelta(hours=73))
    with (
        open_desk(database, later, component="processes") as closing,
        closing.on_pool(database, "processes", PostgresTimers) as timers,
        closing.on_pool(database, "processes", lambda pool: PostgresSetAside(pool, "processes")) as kept,
    ):
        tries = Tries(kept.target, 1, lambda: 0.0)
        assert closing.run(close_due, timers, tries) == 1
        assert closing.run(close_due, timers, tries) == 0
    assert desk.records.case(good, AUDITOR).status == "closed"
    assert [item["item"] for item in told(database)["items"]] == [bad]


def test_r_5_1d_a_mail_that_always_fails_is_in_the_quarantine_after_some_tries(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    desk.run(admit_gateway)
    number = log(desk, contact={"name": "Jo", "email": "jo@agency.example"})
    catch_up(database)
    poison(database, desk.records.case(number, AUDITOR).id)
    answer = (
        f"From: jo@agency.example\r\nMessage-ID: <1@agency.example>\r\nReferences: {desk.addresses.root_reference(number)}"
        "\r\nSubject: Re: it\r\n\r\nStill broken.\r\n"
    ).encode()
    taken = taking(desk.target, "imap", Failures(3))

    def take(raw: bytes) -> str:
        return desk.portal.call(taken, raw, NO_ENVELOPE)

    for _ in range(2):
        with pytest.raises(MapperDeserialisationError):
            take(answer)
    assert take(b"From: ann@agency.example\r\nSubject: Another\r\n\r\nNo sound.\r\n").startswith("opened")
    outcome, receipt = take(answer).split()
    assert outcome == "quarantined"
    assert desk.quarantine.receipt(UUID(receipt), AUDITOR).cause == "unreadable"
    assert take(answer) == f"duplicate {receipt}"
