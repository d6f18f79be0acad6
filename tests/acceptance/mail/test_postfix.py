"""A real Postfix, set up by the lines of `docs/mail.md`, delivers to the desk by LMTP and sends the desk's own mail."""

from __future__ import annotations

import signal
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.mail_in.envelope import LARGEST_MESSAGE
from infrastructure.mail.catcher import Catcher, mail_catcher, smtp_server
from tests.acceptance.conftest import RunningDesk, done, served
from tests.acceptance.mail.correspondence import mail
from tests.acceptance.mail.postfix_server import MAILBOX, Postfix, needs_postfix, postfix_server
from tests.acceptance.mail.servers import deliver
from tests.acceptance.mail.workers import APPEND, WAITERS, count, mail_worker, smtp_worker
from tests.acceptance.travelling import history, last, messages, owed, read, resolved
from tests.conftest import TestDatabase
from tests.infrastructure.mail.mail_servers import Refusing
from tests.waiting import until

pytestmark = needs_postfix
CUSTOMER = "jo@agency.example"
DOMAIN = MAILBOX.partition("@")[2]
POSTMASTER, FORMER = f"postmaster@{DOMAIN}", f"former-desk@{DOMAIN}"


@pytest.fixture
def desk(database: TestDatabase, tmp_path: Path) -> Iterator[RunningDesk]:
    with served(database, tmp_path, mail_from=MAILBOX) as running:
        yield running


@pytest.fixture
def outside() -> Iterator[Catcher]:
    """All other mail servers."""
    with mail_catcher() as catcher:
        yield catcher


@pytest.fixture
def postfix(outside: Catcher) -> Iterator[Postfix]:
    with postfix_server(outside.port) as running:
        yield running


@contextmanager
def at_work(database: TestDatabase, folder: Path, postfix: Postfix) -> Iterator[None]:
    """Both workers of the desk, beside a Postfix."""
    with (
        smtp_worker(database, folder, postfix.desk_port, **postfix.desk),
        mail_worker(database, folder, postfix.port, **postfix.desk),
    ):
        yield


def counts(database: TestDatabase) -> list[int]:
    return [count(database, topic) for topic in ("intake.received", "case.logged", "message.queued")]


def recorded(database: TestDatabase, topic: str) -> None:
    """Wait for an event."""
    until(lambda: count(database, topic), lambda: f"no {topic} was recorded")


def outcomes(postfix: Postfix, number: int) -> list[str]:
    """What the desk replied to so many deliveries, without the receipt."""
    return sorted(fate.words.split()[2] for fate in postfix.sent(number))


def test_a_customers_mail_becomes_a_case_and_the_desks_mails_and_the_answer_to_them_pass_through_it(
    desk: RunningDesk, database: TestDatabase, tmp_path: Path, postfix: Postfix, outside: Catcher
) -> None:
    with at_work(database, tmp_path, postfix):
        deliver(postfix.port, mail(sender=CUSTOMER, Message_ID="<1@agency.example>"), CUSTOMER, MAILBOX)
        sent = outside.wait_for(lambda caught: caught.recipients == (CUSTOMER,), 60)
        assert sent.parsed["In-Reply-To"] == "<1@agency.example>"
        assert any("(Postfix)" in line for line in sent.parsed.get_all("Received", [])), "it sent what the desk wrote"
        (reply_to,) = sent.parsed["Reply-To"].addresses
        answer = mail("It is on floor 2.", sender=CUSTOMER, To=reply_to.addr_spec)
        deliver(postfix.port, answer, CUSTOMER, reply_to.addr_spec)
        assert outcomes(postfix, 2) == ["opened", "reply"]
        (number,) = [
            item["number"] for item in done(desk.technician.get("/cases", after=desk.office.position))["items"]
        ]
        assert [item["topic"] for item in history(desk, number)].count("case.message_received") == 1


# what Postfix keeps


def test_r_5_1d_while_the_desk_is_down_it_keeps_the_mail_and_delivers_it_once(
    database: TestDatabase, tmp_path: Path, postfix: Postfix
) -> None:
    deliver(postfix.port, mail(), CUSTOMER, MAILBOX)
    until(lambda: any("Connection refused" in why for why in postfix.kept()), postfix.log)
    with smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk):
        postfix.flush()
        assert outcomes(postfix, 1) == ["opened"]
    assert counts(database) == [1, 1, 1]


def test_r_5_1d_while_the_database_refuses_it_keeps_the_mail_and_delivers_it_once(
    database: TestDatabase, tmp_path: Path, postfix: Postfix
) -> None:
    given: dict[str, Any] = {**psycopg.conninfo.conninfo_to_dict(database.superuser), "dbname": "postgres"}
    with (
        smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk),
        psycopg.connect(psycopg.conninfo.make_conninfo("", **given), autocommit=True) as superuser,
    ):
        superuser.execute(f'ALTER DATABASE "{database.name}" ALLOW_CONNECTIONS false'.encode())
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database.name,))
        try:
            deliver(postfix.port, mail(), CUSTOMER, MAILBOX)
            until(lambda: any("451 4.3.0" in why for why in postfix.kept()), postfix.log)
        finally:
            superuser.execute(f'ALTER DATABASE "{database.name}" ALLOW_CONNECTIONS true'.encode())
        until(postfix.delivers_now, postfix.log)
        assert outcomes(postfix, 1) == ["opened"]
    assert counts(database) == [1, 1, 1]


def test_r_5_1c_killed_before_its_reply_the_desk_gets_the_mail_again_and_it_is_one_case(
    database: TestDatabase, tmp_path: Path, postfix: Postfix
) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as holding:
        with smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk) as worker:
            holding.execute("SELECT pg_advisory_lock(%s)", (APPEND,))
            deliver(postfix.port, mail(), CUSTOMER, MAILBOX)
            until(lambda: holding.execute(WAITERS.encode()).fetchall(), postfix.log)
            worker.send_signal(signal.SIGKILL)
            worker.wait(30)
        holding.execute("SELECT pg_advisory_unlock(%s)", (APPEND,))
        until(lambda: not holding.execute(WAITERS.encode()).fetchall())
    until(lambda: any("lost connection" in why for why in postfix.kept()), postfix.log)
    with smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk):
        postfix.flush()
        assert outcomes(postfix, 1) == ["duplicate"]
    assert counts(database) == [1, 1, 1]


# a reply for each recipient


@pytest.mark.parametrize("at_once", ["50", "1"], ids=["one delivery", "a delivery each, at the same time"])
def test_r_5_1c_a_mail_to_two_of_the_desks_addresses_is_one_case_and_so_it_is_when_it_comes_again(
    database: TestDatabase, tmp_path: Path, outside: Catcher, at_once: str
) -> None:
    raw = mail()
    with (
        postfix_server(outside.port, lmtp_destination_recipient_limit=at_once) as postfix,
        smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk),
    ):
        deliver(postfix.port, raw, CUSTOMER, MAILBOX, POSTMASTER)
        first = postfix.sent(2)
        assert {fate.recipient for fate in first} == {MAILBOX, POSTMASTER}
        assert outcomes(postfix, 2) == (["opened"] * 2 if at_once == "50" else ["duplicate", "opened"])
        deliver(postfix.port, raw, CUSTOMER, MAILBOX, POSTMASTER)
        again = postfix.sent(4)[2:]
        assert {fate.words.split()[2] for fate in again} == {"duplicate"}
        assert len({fate.words.split()[3] for fate in first + again}) == 1, "all replies name one receipt"
    assert counts(database) == [1, 1, 1]


def test_r_5_1d_an_address_that_the_desk_refuses_goes_back_to_the_sender_and_the_others_get_the_mail(
    database: TestDatabase, tmp_path: Path, outside: Catcher
) -> None:
    with (
        postfix_server(outside.port, f"{FORMER} lmtp:inet:127.0.0.1:2424\n") as postfix,
        smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk),
    ):
        deliver(postfix.port, mail(Message_ID="<1@agency.example>"), CUSTOMER, FORMER, MAILBOX)
        report = outside.wait_for(lambda caught: caught.recipients == (CUSTOMER,), 60)
        assert outcomes(postfix, 1) == ["opened"]
    assert report.parsed.get_content_type() == "multipart/report"
    for said in (FORMER, "550 5.1.1 no such mailbox here", "<1@agency.example>"):
        assert said.encode() in report.raw
    assert MAILBOX.encode() not in report.raw.partition(b"message/rfc822")[0], "that one was delivered"
    assert counts(database) == [1, 1, 1]


def test_r_5_1d_a_mail_too_large_for_the_desk_goes_back_to_the_sender(
    database: TestDatabase, tmp_path: Path, outside: Catcher
) -> None:
    raw = mail() + (b"x" * 76 + b"\r\n") * (LARGEST_MESSAGE // 78)
    with (
        postfix_server(outside.port, message_size_limit="0") as postfix,
        smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk),
    ):
        deliver(postfix.port, raw, CUSTOMER, MAILBOX)
        report = outside.wait_for(lambda caught: caught.recipients == (CUSTOMER,), 60)
    assert b"Status: 5.3.4" in report.raw
    assert counts(database) == [0, 0, 0]


def test_as_documented_what_the_desk_would_refuse_is_refused_while_the_sender_is_there(postfix: Postfix) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as client:
        client.ehlo("agency.example")
        assert LARGEST_MESSAGE - 2**20 < int(client.esmtp_features["size"]) < LARGEST_MESSAGE - 2**16
        assert client.mail(CUSTOMER, [f"SIZE={LARGEST_MESSAGE}"])[0] == 552
        client.rset()
        assert client.mail(CUSTOMER)[0] == 250
        assert client.rcpt(FORMER)[0] == 550
        assert [client.rcpt(each)[0] for each in (MAILBOX, MAILBOX.replace("@", "+x@"), POSTMASTER)] == [250] * 3


def test_as_documented_the_desk_shares_a_domain_with_other_peoples_mailboxes(
    database: TestDatabase, tmp_path: Path, outside: Catcher
) -> None:
    colleague = f"colleague@{DOMAIN}"
    shared = {
        "relay_domains": "",
        "relay_recipient_maps": "",
        "virtual_mailbox_domains": DOMAIN,
        "virtual_mailbox_maps": f"inline:{{{colleague}=x}}, texthash:/etc/postfix/desk",
        "virtual_transport": f"smtp:[127.0.0.1]:{outside.port}",
    }
    with (
        postfix_server(outside.port, **shared) as postfix,
        smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk),
    ):
        deliver(postfix.port, mail(), CUSTOMER, MAILBOX.replace("@", "+x@"), colleague)
        assert outcomes(postfix, 1) == ["opened"]
        assert outside.wait_for(lambda caught: True, 60).recipients == (colleague,)


# what the desk sends, and nobody takes


def test_r_5_9g_what_nobody_takes_returns_to_the_desk_and_the_customer_is_to_be_informed(
    desk: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    number = resolved(desk)
    with (
        smtp_server(Refusing(RCPT="550 5.1.1 no such user")) as port,
        postfix_server(port) as postfix,
        at_work(database, tmp_path, postfix),
    ):
        recorded(database, "message.bounced")
    assert last(desk, number, "notification_failed")["data"]["cause"] == "bounced"
    assert messages(desk, number)[-1][-1]["data"]["cause"] == "dsn-5.1.1"
    assert read(desk, number)["dispute_until"] is None
    assert "inform_customer" in owed(desk, number)


class Slow:
    """A server on the way that passes a mail on and replies only when the test says so."""

    def __init__(self, to: int, database: TestDatabase) -> None:
        self._to, self._database = to, database

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        """Pass it on; reply once the desk has its bounce."""
        answer = deliver(self._to, envelope.original_content, envelope.mail_from, *envelope.rcpt_tos)
        recorded(self._database, "intake.returned")
        return answer


def test_r_5_9g_a_bounce_that_overtakes_the_reply_of_the_server_counts(
    desk: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    number = resolved(desk)
    with (
        smtp_server(Refusing(RCPT="550 5.1.1 no such user")) as port,
        postfix_server(port) as postfix,
        smtp_server(Slow(postfix.port, database)) as slow,
        smtp_worker(database, tmp_path, postfix.desk_port, **postfix.desk),
        mail_worker(database, tmp_path, slow, **postfix.desk),
    ):
        recorded(database, "case.notification_failed")
    assert [event["topic"] for event in messages(desk, number)[-1]] == ["message.queued", "message.bounced"]
    assert "inform_customer" in owed(desk, number)


def test_r_5_9g_what_postfix_refuses_at_once_is_to_be_told_by_other_means(
    desk: RunningDesk, database: TestDatabase, tmp_path: Path, postfix: Postfix
) -> None:
    number = resolved(desk, customer={"name": "Jo Field", "email": f"jo@{DOMAIN}", "agency": "dot"})
    with mail_worker(database, tmp_path, postfix.port, **postfix.desk):
        recorded(database, "message.bounced")
    assert [event["topic"] for event in messages(desk, number)[-1]] == ["message.queued", "message.bounced"]
    assert "inform_customer" in owed(desk, number)
