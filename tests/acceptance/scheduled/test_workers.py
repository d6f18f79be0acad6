"""Scheduled reports with real workers: two at once, killed in their commit, and posted to a webhook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg

from application.processes.scheduled_reports import REQUEST
from infrastructure.mail.catcher import Catcher, mail_catcher
from tests.acceptance.conftest import RunningDesk, done
from tests.acceptance.mail.workers import APPEND
from tests.acceptance.scheduled.conftest import DAILY, Scheduling
from tests.acceptance.travelling import travel
from tests.blocking import open_desk
from tests.conftest import TestDatabase

_WAITERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
AHEAD = 49
"""Hours: two days are over by then, or three."""


def worker(database: TestDatabase, folder: Path, port: int, *names: str) -> subprocess.Popen[bytes]:
    told = {
        "CASELEDGER_DATABASE_URL": database.superuser,
        "CASELEDGER_DATA_DIR": str(folder),
        "CASELEDGER_SMTP_HOST": "127.0.0.1",
        "CASELEDGER_SMTP_PORT": str(port),
        "CASELEDGER_CLOCK_AHEAD": str(AHEAD),
    }
    command = [sys.executable, "-m", "api.cli", "worker", *names]
    return subprocess.Popen(command, env={**os.environ, **told}, stderr=subprocess.DEVNULL)


def test_killed_in_its_commit_and_two_more_at_work_each_period_is_mailed_once(
    running: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    scheduling = Scheduling(running, None)
    scheduling.list_in_directory()
    done(scheduling.schedule(DAILY))
    running.catch_up()
    with ExitStack() as ending, mail_catcher() as catcher:
        holding = ending.enter_context(psycopg.connect(database.superuser, autocommit=True))
        holding.execute("SELECT pg_advisory_lock(%s)", (APPEND,))
        first = ending.enter_context(worker(database, tmp_path, catcher.port, "processes"))
        while not holding.execute(_WAITERS.encode()).fetchall():
            assert first.poll() is None, "the worker waits to record an issue"
        first.send_signal(signal.SIGKILL)
        first.wait(30)
        holding.execute("SELECT pg_advisory_unlock(%s)", (APPEND,))
        for _ in range(2):
            process = ending.enter_context(worker(database, tmp_path, catcher.port, "processes", "mail"))
            ending.callback(process.terminate)
        pause = threading.Event()
        while len(mails := _mailed(catcher)) < max(2, len(scheduling.issued())):
            pause.wait(0.05)
    issued = Counter(each["data"]["period"] for each in scheduling.issued())
    assert set(issued.values()) == {1}
    assert Counter(mails) == Counter(f"Report daily: volume, {label}" for label in issued)


def _mailed(catcher: Catcher) -> list[str]:
    return [each.subject for each in catcher.messages()]


def test_two_processes_that_find_the_same_report_due_record_one_issue_with_its_mails(
    scheduling: Scheduling, database: TestDatabase
) -> None:
    desk = scheduling.desk
    done(scheduling.schedule(DAILY))
    travel(desk, timedelta(days=1))
    with open_desk(database, desk.clock) as other:
        both = [(each, each.report_issues.due(desk.clock.now())[0]) for each in (desk.office, other)]
        for office, due in both:
            desk.catch_up()
            assert office.report_issues.issue(due, scheduling.views.positions, scheduling.views.reports, REQUEST)
    assert len(scheduling.issued()) == 1
    assert desk.send_mail() == 1
