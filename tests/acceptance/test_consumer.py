"""The example in docs/examples: killed again and again while events are written, it loses none and counts none twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from domain.values import Role
from tests.acceptance.conftest import RunningDesk, done
from tests.waiting import until

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "consumer.py"


def test_a_consumer_that_is_killed_loses_nothing_and_doubles_nothing(running: RunningDesk, tmp_path: Path) -> None:
    running.caller(Role.REPORTER, "consumer")
    token = running.tokens.issue(Role.REPORTER, "consumer", None, timedelta(hours=1))
    file, writing = tmp_path / "events.sqlite", threading.Event()

    def write() -> None:
        while not writing.is_set():
            running.log()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for round_ in range(1, 6):
            consumer = subprocess.Popen([sys.executable, str(EXAMPLE), running.url, token, str(file)])
            until(partial(has, file, 7 * round_))
            consumer.send_signal(signal.SIGKILL)
            consumer.wait()
    finally:
        writing.set()
        writer.join()
    consumer = subprocess.Popen([sys.executable, str(EXAMPLE), running.url, token, str(file)])
    try:
        events = done(running.auditor.get("/events", limit=1000))["items"]
        until(partial(has, file, len(events)))
    finally:
        consumer.kill()
        consumer.wait()
    assert rows(file) == [(event["position"], event["topic"], event["number"]) for event in events]
    with closing(sqlite3.connect(file)) as connection:
        counted = dict(connection.execute("SELECT topic, events FROM counts").fetchall())
    assert counted == Counter(event["topic"] for event in events)


def has(file: Path, least: int) -> bool:
    return len(rows(file)) >= least


def rows(file: Path) -> list[tuple[Any, ...]]:
    """What the consumer has stored."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT position, topic, number FROM events ORDER BY rowid").fetchall()
        except sqlite3.OperationalError:  # it has not made its tables yet
            return []
