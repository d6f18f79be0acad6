"""Two desks that answer each other stop after one round, whatever servers on the way do to their mail (RFC 3834)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from email.message import Message
from typing import Any

import psycopg
import pytest

from tests.acceptance.conftest import RunningDesk, done, served
from tests.acceptance.mail.servers import deliver, delivered_to, relayed, send_to
from tests.conftest import TestDatabase, cloned

_MACHINES = ("Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "X-Caseledger-Loop", "X-Caseledger-Checkpoint")
_THREADS = ("In-Reply-To", "References", "Message-ID", "Reply-To")
FIRST = "From: {sender}\r\nMessage-ID: <1@b.example>\r\nSubject: Printer\r\n\r\nNothing comes out of it.\r\n"


class Desk:
    """One of the two: its own database, HTTP server, mailbox and SMTP listener."""

    def __init__(self, running: RunningDesk, database: TestDatabase, port: int) -> None:
        self.running, self.port, self._database = running, port, database
        self.mailbox = running.office.addresses.mailbox

    def recorded(self, topic: str) -> list[dict[str, Any]]:
        """What the record has of a kind."""
        with psycopg.connect(self._database.superuser) as connection:
            query = "SELECT convert_from(state, 'UTF8')::json FROM ledger.stored_events WHERE topic = %s"
            return [state for (state,) in connection.execute(query, (topic,))]


@pytest.fixture
def desks(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Desk]]:
    with ExitStack() as ending:
        made = []
        for name in ("a", "b"):
            database = ending.enter_context(cloned(server))
            folder = tmp_path_factory.mktemp(name)
            running = ending.enter_context(served(database, folder, mail_from=f"desk@{name}.example"))
            made.append(Desk(running, database, ending.enter_context(delivered_to(running))))
        yield made[0], made[1]


def until_silent(one: Desk, two: Desk, to_one: int, to_two: int) -> int:
    """Let both send what they have to, until neither has anything; returns how many mails that were."""
    sent = 0
    while mails := send_to(one.running, to_two) + send_to(two.running, to_one):
        sent += mails
        assert sent < 50, "they do not stop"
    return sent


def test_they_stop_after_one_round(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    raw = FIRST.format(sender=two.mailbox).encode()
    assert deliver(one.port, raw, two.mailbox, one.mailbox).startswith("250 2.0.0 opened")
    assert until_silent(one, two, one.port, two.port) == 1
    assert [len(desk.recorded("message.queued")) for desk in desks] == [1, 0]
    assert [len(desk.recorded("case.logged")) for desk in desks] == [1, 0]
    assert len(two.recorded("intake.recorded")) == 1, "it is kept, and nobody is answered"


def test_they_stop_where_a_server_between_them_makes_persons_of_machines(desks: tuple[Desk, Desk]) -> None:
    one, two = desks

    def strip(message: Message) -> None:
        for name in _MACHINES:
            del message[name]

    with relayed(one.port, strip) as to_one, relayed(two.port, strip) as to_two:
        deliver(one.port, FIRST.format(sender=two.mailbox).encode(), two.mailbox, one.mailbox)
        assert until_silent(one, two, to_one, to_two) == 2
    assert [len(desk.recorded("case.logged")) for desk in desks] == [1, 1]
    assert len(one.recorded("case.message_received")) == 1, "the second answer is a reply to the first"


def test_they_stop_within_the_hours_limit_where_nothing_tells_one_mail_from_another(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    count = iter(range(1_000))

    def strip(message: Message) -> None:
        for name in (*_MACHINES, *_THREADS, "Subject", "To"):
            del message[name]
        message["Message-ID"] = f"<{next(count)}@relay.example>"

    with relayed(one.port, strip) as to_one, relayed(two.port, strip) as to_two:
        deliver(one.port, FIRST.format(sender=two.mailbox).encode(), two.mailbox, one.mailbox)
        until_silent(one, two, to_one, to_two)
    assert [len(desk.recorded("message.queued")) for desk in desks] == [5, 5]
    assert [len(desk.recorded("case.logged")) for desk in desks] == [6, 5]


def test_a_mail_of_our_own_that_comes_back_is_recorded_and_not_answered(desks: tuple[Desk, Desk]) -> None:
    one, _ = desks
    deliver(one.port, FIRST.format(sender="jo@x.example").encode(), "jo@x.example", one.mailbox)

    def strip(message: Message) -> None:
        del message["Auto-Submitted"], message["Precedence"]
        message.replace_header("From", "jo@x.example")

    with relayed(one.port, strip, one.mailbox) as back:
        assert send_to(one.running, back) == 1
    [mail] = one.recorded("message.queued")
    assert mail["case"] == done(one.running.technician.get("/queues/triage"))["items"][0]["number"]
    assert len(one.recorded("case.logged")) == 1
    assert len(one.recorded("intake.recorded")) == 1
