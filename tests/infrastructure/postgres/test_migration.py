"""Commands started at once set up one server: one goes first, nobody fails."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infrastructure.postgres.database import Database
from infrastructure.postgres.setup import migration as migrating
from infrastructure.postgres.setup.migration import Unsuitable, migrate

AT_ONCE, TURNS = 6, 5
COMMAND = """
import sys
from infrastructure.postgres.database import Database
from infrastructure.postgres.setup.migration import migrate
print("here", flush=True)
for turn in sys.stdin:
    print(migrate(Database(sys.argv[1], embedded=True)), flush=True)
"""


def test_commands_started_at_once_do_not_collide(second_server: str) -> None:
    """Six processes migrate a fresh server together, then again and again: without the lock, rows collide."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, second_server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(AT_ONCE)
    ]
    try:
        assert [line(process) for process in processes] == ["here"] * AT_ONCE
        first = at_once(processes)
        assert sorted(first)[:-1] == [0] * (AT_ONCE - 1)
        assert max(first) > 0, "one of them applied all migrations"
        for _ in range(TURNS):
            assert at_once(processes) == [0] * AT_ONCE
    finally:
        for process in processes:
            process.communicate()
    assert [process.returncode for process in processes] == [0] * AT_ONCE


def at_once(processes: list[subprocess.Popen[str]]) -> list[int]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [int(line(process)) for process in processes]


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_migration_that_was_killed_locks_nobody_out(second_server: str) -> None:
    """yoyo keeps its lock in a row of a table, which a killed process leaves behind."""
    database = Database(second_server, embedded=True)
    migrate(database)
    inside = make_conninfo(second_server, dbname="caseledger")
    with psycopg.connect(inside, autocommit=True) as superuser:
        superuser.execute("INSERT INTO public.yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    assert migrate(database) == 0


def test_who_waits_too_long_for_the_turn_is_told_so(second_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "_PATIENCE", "50ms")
    with psycopg.connect(second_server, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (migrating._TURN,))
        with pytest.raises(Unsuitable, match="another process"):
            migrate(Database(second_server, embedded=True))
