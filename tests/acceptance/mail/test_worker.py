"""The mail worker as a process of its own: killed between the server's acceptance and its own commit (R-5.9a)."""

from __future__ import annotations

import queue
import signal
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.main import postman_of
from application.processes.retries import AWAY
from domain.clock import SystemClock
from infrastructure.mail.catcher import smtp_server
from infrastructure.settings import Settings
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.mail.workers import APPEND, WAITERS, mail_worker, topics_until
from tests.conftest import TestDatabase
from tests.infrastructure.mail.letters import a_letter
from tests.infrastructure.mail.mail_servers import Dropping, deliver


class Taking:
    """A mail server that says of each message that it came, before it accepts it."""

    def __init__(self) -> None:
        self.came: queue.Queue[str] = queue.Queue()
        self.before_accepting: Callable[[], object] = str

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.before_accepting()
        self.came.put(str(message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[tuple[Taking, int]]:
    taking = Taking()
    with smtp_server(taking) as port:
        yield taking, port


def test_r_5_9a_killed_between_acceptance_and_commit_the_mail_goes_out_once_more_under_the_same_id(
    running: RunningDesk, database: TestDatabase, tmp_path: Path, mail_server: tuple[Taking, int]
) -> None:
    taking, port = mail_server
    number = running.resolved()
    with psycopg.connect(database.superuser, autocommit=True) as holding:
        taking.before_accepting = lambda: holding.execute("SELECT pg_advisory_lock(%s)", (APPEND,))
        with mail_worker(database, tmp_path, port) as worker:
            first = taking.came.get(timeout=60)
            taking.before_accepting = str
            while not (waiting := holding.execute(WAITERS.encode()).fetchall()):
                assert worker.poll() is None, "the worker waits to record what the server accepted"
            worker.send_signal(signal.SIGKILL)
            worker.wait(30)
        for (pid,) in waiting:  # what a killed client asked for must not be done after all
            holding.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        holding.execute("SELECT pg_advisory_unlock(%s)", (APPEND,))
    assert done(running.technician.get(f"/cases/{number}"))["dispute_until"] is None, "nothing was recorded as sent"
    with mail_worker(database, tmp_path, port):
        assert taking.came.get(timeout=60) == first
        topics = topics_until(running, "case.notified")
    assert (topics.count("message.queued"), topics.count("message.accepted")) == (1, 1)
    assert taking.came.empty()
    assert done(running.technician.get(f"/cases/{number}"))["dispute_until"] is not None


def test_r_5_9a_killed_while_its_commit_goes_through_the_mail_is_not_sent_again(
    running: RunningDesk, database: TestDatabase, tmp_path: Path, mail_server: tuple[Taking, int]
) -> None:
    taking, port = mail_server
    running.resolved()
    with psycopg.connect(database.superuser, autocommit=True) as holding:
        taking.before_accepting = lambda: holding.execute("SELECT pg_advisory_lock(%s)", (APPEND,))
        with mail_worker(database, tmp_path, port) as worker:
            first = taking.came.get(timeout=60)
            taking.before_accepting = str
            while not holding.execute(WAITERS.encode()).fetchall():
                assert worker.poll() is None, "the worker waits to record what the server accepted"
            worker.send_signal(signal.SIGKILL)
            worker.wait(30)
        holding.execute("SELECT pg_advisory_unlock(%s)", (APPEND,))  # the database has the whole of it already
    assert topics_until(running, "case.notified").count("message.accepted") == 1
    running.resolved()  # what is due first is sent first: were the other one due still, it would come before
    with mail_worker(database, tmp_path, port):
        assert taking.came.get(timeout=60) != first
    assert taking.came.empty()


def test_r_5_9a_a_connection_that_ends_before_the_answer_leaves_nothing_marked_as_sent(
    running: RunningDesk, database: TestDatabase, tmp_path: Path, mail_server: tuple[Taking, int]
) -> None:
    number, dropping = running.resolved(), Dropping()
    with smtp_server(dropping) as port, mail_worker(database, tmp_path, port):
        first = dropping.wait_for(lambda _: True, 60).message_id
        topics = topics_until(running, "message.deferred")
    assert {"message.accepted", "message.bounced", "case.notified"}.isdisjoint(topics)
    assert done(running.technician.get(f"/cases/{number}"))["dispute_until"] is None
    taking, port = mail_server
    with mail_worker(database, tmp_path, port, CASELEDGER_CLOCK_AHEAD="1"):  # when it is due again
        assert taking.came.get(timeout=60) == first
        topics_until(running, "case.notified")
    assert done(running.technician.get(f"/cases/{number}"))["dispute_until"] is not None


def test_r_5_9a_the_worker_sends_what_was_queued_while_it_was_not_there(
    running: RunningDesk, database: TestDatabase, tmp_path: Path, mail_server: tuple[Taking, int]
) -> None:
    taking, port = mail_server
    for _ in range(3):
        running.resolved()
    with mail_worker(database, tmp_path, port):
        ids = {taking.came.get(timeout=60) for _ in range(3)}
        topics_until(running, "case.notified")
    assert len(ids) == 3
    assert taking.came.empty()


def test_r_5_9a_a_database_that_goes_away_while_a_mail_is_written_is_no_failure_of_the_mail(
    database: TestDatabase, tmp_path: Path
) -> None:
    """Each mail carries the checkpoint of its moment, which is asked for after the mail is read."""
    with database.pool("mail", size=1) as pool:
        carrier = postman_of(Settings(data_dir=tmp_path, smtp_host="127.0.0.1"), SystemClock(), pool)
    assert carrier is not None
    with pytest.raises(AWAY):
        deliver(carrier, a_letter())
