"""Mail through the real listener: answered once it is on the record, and answered only where that starts no loop."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.mail_in.envelope import LARGEST_MESSAGE
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.mail.correspondence import mail, reply
from tests.acceptance.mail.servers import deliver, delivered_to
from tests.acceptance.mail.workers import APPEND, WAITERS, a_free_port, count, smtp_worker
from tests.acceptance.travelling import (
    last,
    mails,
    messages,
    owed,
    read,
    told,
    topics,
    travel,
)
from tests.conftest import TestDatabase
from tests.infrastructure.mail.imap_server import DOVECOT, PASSWORD, USER, imap_server
from tests.infrastructure.mail.mail_servers import a_certificate
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("monday")
MAILBOX = "service-desk@caseledger.example"


@pytest.fixture(scope="module")
def port(desk: RunningDesk) -> Iterator[int]:
    with delivered_to(desk) as listening:
        yield listening


def opened(desk: RunningDesk, answer: str) -> str:
    """The case that a message opened, by its receipt."""
    outcome, receipt = answer.removeprefix("250 2.0.0 ").split()
    assert outcome == "opened", answer
    number: str = done(desk.technician.get(f"/quarantine/{receipt}"))["case"]
    return number


def test_an_acknowledgement_reaches_the_sender_with_all_it_needs_to_end_there(desk: RunningDesk, port: int) -> None:
    raw = mail(sender="Ann Lee <ann.lee@agency.example>", Message_ID="<first@agency.example>")
    number = opened(desk, deliver(port, raw, "ann.lee@agency.example", MAILBOX))
    assert mails(desk, number) == []
    desk.send_mail()
    (sent,) = mails(desk, number)
    ours, headers = desk.office.addresses, sent.parsed
    assert (sent.recipients, sent.envelope_from) == (("ann.lee@agency.example",), "<>")
    assert str(headers["To"]) == "ann.lee@agency.example"
    assert ours.read_subject(sent.subject) == number
    assert headers["In-Reply-To"] == "<first@agency.example>"
    assert str(headers["References"]).split() == [ours.root_reference(number), "<first@agency.example>"]
    (reply_to,) = headers["Reply-To"].addresses
    assert ours.read_reply(reply_to.addr_spec) == (number, ours.digest_of(read(desk, number)["customer"]["id"]))
    assert (headers["Auto-Submitted"], headers["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert (headers["Precedence"], headers["X-Caseledger-Loop"]) == ("bulk", ours.desk)
    assert number in sent.text
    assert str(message_from_bytes(raw, policy=default)["Subject"]) not in sent.text + sent.subject
    assert read(desk, number)["dispute_until"] is None, "it starts no window"


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("", {}),
        ("jo@x.example", {"Precedence": "bulk"}),
        ("jo@x.example", {"Precedence": "list"}),
        ("jo@x.example", {"List-Id": "<all.x.example>"}),
        ("jo@x.example", {"X-Auto-Response-Suppress": "All"}),
        ("jo@x.example", {"Auto-Submitted": "auto-generated"}),
        ("MAILER-DAEMON@x.example", {"From": "MAILER-DAEMON@x.example"}),
        ("jo@x.example", {"From": "postmaster@x.example"}),
        ("jo@x.example", {"From": "no-reply@x.example"}),
    ],
)
def test_machines_and_lists_are_not_answered(
    desk: RunningDesk, port: int, sender: str, headers: dict[str, str]
) -> None:
    given = {"From": f"jo.{secrets.token_hex(4)}@x.example", **headers}
    before = len(desk.mail.messages())
    assert deliver(port, mail(**given), sender, MAILBOX).startswith("250 ")
    desk.send_mail()
    assert len(desk.mail.messages()) == before


def test_a_reply_to_the_reply_address_lands_on_its_case_whatever_else_it_says(desk: RunningDesk, port: int) -> None:
    raw = mail(sender="Jo Field <jo.field@agency.example>")
    number = opened(desk, deliver(port, raw, "jo.field@agency.example", MAILBOX))
    desk.send_mail()
    (reply_to,) = mails(desk, number)[0].parsed["Reply-To"].addresses
    answer = mail("It is the one on floor 2.", "Jo Field <jo.field@agency.example>", To=reply_to.addr_spec, Subject="x")
    told = deliver(port, answer, "jo.field@agency.example", reply_to.addr_spec.upper())
    assert told.startswith("250 2.0.0 reply ")
    assert topics(desk, number)[-1] == "message_received"
    assert deliver(port, answer, "jo.field@agency.example", MAILBOX).startswith("250 2.0.0 duplicate")
    desk.send_mail()
    assert len(mails(desk, number)) == 1, "a reply is not acknowledged"


def test_r_5_9c_a_dispute_by_reply_through_the_listener_reopens(desk: RunningDesk, port: int) -> None:
    number = told(desk)
    raw = reply(desk, number, "No, it still does not work.")
    (reply_to,) = mails(desk, number)[-1].parsed["Reply-To"].addresses
    assert deliver(port, raw, "jo.field@agency.example", reply_to.addr_spec).startswith("250 2.0.0 dispute ")
    assert read(desk, number)["status"] == "assigned"


REPORT = """\
From: MAILER-DAEMON@x.example
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I am sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example

Final-Recipient: rfc822; somebody@x.example
Action: failed
Status: 5.1.1
--b--
"""


def test_r_5_9g_a_bounce_to_the_mails_own_address_stops_the_window(desk: RunningDesk, port: int) -> None:
    number = told(desk)
    came_from = mails(desk, number)[-1].envelope_from
    raw = REPORT.format(to=came_from).replace("\n", "\r\n").encode()
    assert deliver(port, raw, "", came_from).startswith("250 2.0.0 bounce ")
    case = read(desk, number)
    assert (case["status"], case["dispute_until"]) == ("resolved", None)
    assert [event["topic"] for event in messages(desk, number)[-1]][-1] == "message.bounced"
    assert last(desk, number, "notification_failed")["data"]["stops_window"] is True
    assert "inform_customer" in owed(desk, number)


def test_more_than_ten_cases_an_hour_of_one_sender_go_to_the_last_of_them(desk: RunningDesk, port: int) -> None:
    sender = f"busy.{secrets.token_hex(4)}@agency.example"

    def another() -> str:
        travel(desk, seconds=1)
        return deliver(port, mail(sender=sender), sender, MAILBOX)

    numbers = [opened(desk, another()) for _ in range(10)]
    assert [another().split()[2] for _ in range(3)] == ["reply"] * 3
    assert topics(desk, numbers[-1]).count("message_received") == 3
    desk.send_mail()
    assert sum(len(mails(desk, number)) for number in numbers) == 5, "five automatic mails an hour"


# what comes is bounded


def test_r_5_1d_as_much_as_over_http_is_taken_and_thirty_megabytes_are_refused(desk: RunningDesk, port: int) -> None:
    head = mail(sender="large@agency.example")
    body = b"x" * 76 + b"\r\n"
    fits = head + body * ((LARGEST_MESSAGE - len(head)) // len(body))
    assert len(fits) < 30_000_000
    assert deliver(port, fits, "large@agency.example", MAILBOX).startswith("250 ")
    assert deliver(port, fits + body, "large@agency.example", MAILBOX) == "552 5.3.4 too large a message"


def test_short_lines_without_number_take_no_memory_each(desk: RunningDesk, port: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raw = mail(sender="lines@agency.example") + b"\r\n" * (27 * 2**19)
    assert deliver(port, raw, "lines@agency.example", MAILBOX).startswith("250 ")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 20 * len(raw), "an object a line would be fifty times as much"


# the worker as a process of its own


@pytest.mark.parametrize("commits", [True, False], ids=["after its commit", "before its commit"])
def test_r_5_1c_killed_before_it_answers_a_message_that_comes_again_is_one_case(
    database: TestDatabase, tmp_path: Path, commits: bool
) -> None:
    raw, port = mail(), a_free_port()
    with psycopg.connect(database.superuser, autocommit=True) as holding:
        with smtp_worker(database, tmp_path, port) as worker, socket.create_connection(("127.0.0.1", port)) as client:
            lines = client.makefile("rb")
            for said in (b"HELO x", b"MAIL FROM:<jo@x.example>", f"RCPT TO:<{MAILBOX}>".encode(), b"DATA"):
                lines.readline()
                client.sendall(said + b"\r\n")
            assert lines.readline().startswith(b"354")
            holding.execute("SELECT pg_advisory_lock(%s)", (APPEND,))
            client.sendall(raw + b".\r\n")
            while not (waiting := holding.execute(WAITERS.encode()).fetchall()):
                assert worker.poll() is None, "the worker waits to record the message"
            worker.send_signal(signal.SIGKILL)
            worker.wait(30)
            assert lines.readline() == b"", "it was not answered"
            lines.close()
        if not commits:
            for (pid,) in waiting:
                holding.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        holding.execute("SELECT pg_advisory_unlock(%s)", (APPEND,))
        until(lambda: not holding.execute(WAITERS.encode()).fetchall())
    with smtp_worker(database, tmp_path, port):
        answer = deliver(port, raw, "jo@x.example", MAILBOX)
        assert answer.split()[2] == ("duplicate" if commits else "opened")
        assert deliver(port, raw, "jo@x.example", MAILBOX).split()[2] == "duplicate"
    assert [count(database, topic) for topic in ("intake.received", "case.logged", "message.queued")] == [1, 1, 1]


def test_without_its_database_it_answers_451_and_takes_the_message_afterwards(
    database: TestDatabase, tmp_path: Path
) -> None:
    raw, port = mail(), a_free_port()
    with (
        smtp_worker(database, tmp_path, port),
        psycopg.connect(_another(database.superuser), autocommit=True) as superuser,
    ):
        name = psycopg.conninfo.conninfo_to_dict(database.superuser)["dbname"]
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            assert deliver(port, raw, "jo@x.example", MAILBOX).startswith("451 4.3.0")
        finally:
            superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        while (answer := deliver(port, raw, "jo@x.example", MAILBOX)).startswith("451"):
            pass
        assert answer.startswith("250 2.0.0 opened")


def _another(conninfo: str) -> str:
    """The same server, another database."""
    given: dict[str, Any] = {**psycopg.conninfo.conninfo_to_dict(conninfo), "dbname": "postgres"}
    return psycopg.conninfo.make_conninfo("", **given)


@pytest.mark.skipif(DOVECOT is None, reason="no Dovecot is installed here (Debian: dovecot-imapd)")
def test_r_5_1c_a_mailbox_is_read_by_the_worker_and_twice_read_gives_no_second_case(
    database: TestDatabase, tmp_path: Path
) -> None:
    with imap_server(a_certificate(tmp_path)) as server:
        server.append(mail(), mail(Auto_Submitted="auto-generated"))
        told = {
            "CASELEDGER_DATABASE_URL": database.superuser,
            "CASELEDGER_DATA_DIR": str(tmp_path),
            "CASELEDGER_IMAP_HOST": "127.0.0.1",
            "CASELEDGER_IMAP_PORT": str(server.tls_port),
            "CASELEDGER_IMAP_CA_FILE": str(tmp_path / "server.pem"),
            "CASELEDGER_IMAP_USER": USER,
            "CASELEDGER_IMAP_PASSWORD": PASSWORD,
        }
        once = [sys.executable, "-m", "api.cli", "worker", "imap", "--once"]
        for _ in range(2):
            subprocess.run(once, env={**os.environ, **told}, check=True, timeout=60)
            assert [count(database, topic) for topic in ("intake.received", "case.logged", "message.queued")] == [
                2,
                1,
                1,
            ]
            assert server.flags() == [b"\\Seen"] * 2
            (tmp_path / "mailbox.json").unlink()
