"""Scrubbing: what keeps the disk from forgetting is said, and holds nobody up for long.

That it does forget is tested on a data directory of its own (tests/acceptance/test_nothing_left.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infrastructure.postgres import scrubbing
from infrastructure.postgres.database import Database
from infrastructure.postgres.scrubbing import NotScrubbed, scrub
from tests.conftest import TestDatabase


@contextmanager
def transaction(database: TestDatabase, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection, connection.transaction():
        for statement in statements:
            connection.execute(statement.encode())
        yield connection


def test_it_is_done_when_nothing_is_in_its_way(database: TestDatabase) -> None:
    scrub(database)
    scrub(database)


def test_who_uses_a_table_is_not_waited_for_in_vain(database: TestDatabase) -> None:
    reading = "SELECT count(*) FROM vault.disclosures"
    with transaction(database, reading), pytest.raises(NotScrubbed, match="others use the tables"):
        scrub(database)


def test_a_transaction_that_still_sees_the_past_is_named(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "_PATIENCE", 0.2)
    looking = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
    with transaction(database, *looking):
        with transaction(database, "SELECT pg_current_xact_id()"):  # what was deleted meanwhile
            pass
        with pytest.raises(NotScrubbed, match="from before the erasure"):
            scrub(database)


def test_on_a_server_of_the_operators_it_is_left_to_his_superuser(database: TestDatabase) -> None:
    theirs = Database(database.superuser.replace("user=postgres", "user=their_desk"), embedded=False)
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE their_desk LOGIN IN ROLE desk_eraser")
        try:
            with pytest.raises(NotScrubbed, match="needs a superuser"):
                scrub(theirs)
        finally:
            superuser.execute("DROP ROLE their_desk")


def test_a_server_that_uses_its_log_segments_again_is_told_of(database: TestDatabase) -> None:
    theirs = Database(database.superuser + " options='-c wal_recycle=on'", embedded=False)
    with pytest.raises(NotScrubbed, match="wal_recycle"):
        scrub(theirs)


def test_segments_made_ready_beforehand_are_gone_too(database: TestDatabase) -> None:
    """A server of before used its segments again: some lie ahead, with what they held."""
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        row = superuser.execute(
            "SELECT current_setting('data_directory'), pg_walfile_name(pg_current_wal_lsn() + 2 * 16777216)"
        ).fetchone()
    assert row is not None
    now = Path(row[0], "pg_wal")
    segment, like = now / row[1], next(path for path in sorted(now.iterdir()) if path.is_file())
    segment.write_bytes(b"marker" + bytes(like.stat().st_size - 6))
    os.chown(segment, like.stat().st_uid, like.stat().st_gid)
    segment.chmod(0o600)
    scrub(database)
    assert not [path for path in now.iterdir() if path.is_file() and b"marker" in path.read_bytes()[:6]]
