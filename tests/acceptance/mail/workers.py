"""The workers that carry mail, each a process of its own; and what became of the mail, on the record."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.acceptance.conftest import RunningDesk
from tests.conftest import TestDatabase
from tests.waiting import until_listening

APPEND = 4850712369
"""The lock under which everything is committed: who holds it holds up every commit."""
WAITERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
"""The processes that wait for such a lock."""


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def smtp_worker(database: TestDatabase, folder: Path, port: int, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`caseledger worker smtp` on the test's database, ready to talk: by SMTP, or as the settings say."""
    told = {
        "CASELEDGER_DATABASE_URL": database.superuser,
        "CASELEDGER_DATA_DIR": str(folder),
        **(settings or {"CASELEDGER_SMTP_LISTEN": f"127.0.0.1:{port}"}),
    }
    command = [sys.executable, "-m", "api.cli", "worker", "smtp"]
    with subprocess.Popen(command, env={**os.environ, **told}, stderr=subprocess.DEVNULL) as process:
        try:
            until_listening(process, port, lambda: "it does not start")
            yield process
        finally:
            process.terminate()


@contextmanager
def mail_worker(database: TestDatabase, folder: Path, port: int, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`caseledger worker mail` on the test's database."""
    told = {
        "CASELEDGER_DATABASE_URL": database.superuser,
        "CASELEDGER_DATA_DIR": str(folder),
        "CASELEDGER_SMTP_HOST": "127.0.0.1",
        "CASELEDGER_SMTP_PORT": str(port),
        **settings,
    }
    command = [sys.executable, "-m", "api.cli", "worker", "mail"]
    with subprocess.Popen(command, env={**os.environ, **told}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def count(database: TestDatabase, topic: str) -> int:
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute("SELECT count(*) FROM ledger.stored_events WHERE topic = %s", (topic,)).fetchone()
        assert row is not None
        return int(row[0])


def topics_until(running: RunningDesk, wanted: str) -> list[str]:
    """The topics of the feed up to the first of a kind, waited for."""
    found = []
    with running.auditor.http.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as said:
        for line in said.iter_lines():
            if line.startswith("event:"):
                found.append(line.removeprefix("event:").strip())
                if found[-1] == wanted:
                    return found
    raise AssertionError(f"the feed ended before {wanted}")
