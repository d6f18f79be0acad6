"""Scrubbing: what keeps the disk from forgetting is said, and holds nobody up for long.

That it does forget is tested on a data directory of its own (tests/acceptance/auditing/test_nothing_left.py).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.values import ErasureScope
from infrastructure.postgres.database import Database
from infrastructure.postgres.maintenance import scrub as scrub_module
from infrastructure.postgres.maintenance.scrub import NotScrubbed, scrub
from infrastructure.transparency.verification.database_catalogue import check_catalogue
from infrastructure.views.projector import Projector
from tests import four_eyes
from tests.application.cases import TECHNICIAN, log, resolved
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import TestDatabase, differences
from tests.infrastructure.postgres.test_schema import WRITTEN, dumped


@contextmanager
def transaction(database: TestDatabase, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.superuser, autocommit=True) as connection, connection.transaction():
        for statement in statements:
            connection.execute(statement.encode())
        yield connection


def erase(desk: BlockingDesk, email: str) -> None:
    four_eyes.erase(desk, email, ErasureScope.EVERYTHING)


def missing_disclosures(auditor: psycopg.Connection[Any]) -> int:
    """Logged cases without their words that nobody erased."""
    query = (
        "SELECT count(*) FROM ledger.stored_events e WHERE topic = 'case.logged'"
        " AND NOT EXISTS (SELECT FROM vault.disclosures d WHERE d.originator_id = e.originator_id)"
        " AND NOT EXISTS (SELECT FROM ledger.stored_events x WHERE x.originator_id = e.originator_id"
        " AND x.topic = 'case.personal_data_erased')"
    )
    row = auditor.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_it_is_done_when_nothing_is_in_its_way(database: TestDatabase) -> None:
    scrub(database)
    scrub(database)


def test_who_uses_a_table_is_not_waited_for_in_vain(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub_module, "_PATIENCE", 0.5)
    reading = "SELECT count(*) FROM vault.disclosures"
    with transaction(database, reading), pytest.raises(NotScrubbed, match="others use the tables"):
        scrub(database)


def test_nobody_waits_behind_it(desk: BlockingDesk, database: TestDatabase) -> None:
    """While it waits for a reader of the vault, cases are logged, read and folded."""
    number = log(desk)
    swaps = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
    with ThreadPoolExecutor(1) as other, psycopg.connect(database.superuser, autocommit=True) as looking:
        with transaction(database, "SELECT count(*) FROM vault.disclosures"):
            done = other.submit(scrub, database)
            while looking.execute(swaps).fetchone() == (0,):
                assert not done.done()
            for _ in range(3):
                assert desk.records.case(log(desk), TECHNICIAN.actor).words is not None
            assert not done.done()
        done.result()
    assert desk.records.case(number, TECHNICIAN.actor).words is not None


def test_what_is_said_while_it_copies_is_kept_and_what_is_erased_stays_erased(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    """The tables are what they were, row for row and rule for rule, whatever was appended meanwhile."""
    for _ in range(3):
        resolved(desk)
    stop, logged = threading.Event(), list[str]()

    def goes_on() -> None:
        with open_desk(database) as other, database.connect("projector") as connection:
            projector = Projector(connection)
            while not stop.is_set():
                logged.append(log(other, contact={"name": "Sam", "email": f"sam{len(logged)}@agency.example"}))
                projector.catch_up()

    with ThreadPoolExecutor(1) as others, open_desk(database, component="eraser") as eraser:
        going = others.submit(goes_on)
        try:
            for number in range(3):
                while len(logged) <= number:
                    assert not going.done()
                erase(eraser, f"sam{number}@agency.example")
                scrub(database)
        finally:
            stop.set()
        going.result()
    with database.connect("auditor") as auditor:
        assert missing_disclosures(auditor) == 0
        assert check_catalogue(auditor).findings == []
    assert dumped(database) == WRITTEN.read_text(encoding="utf-8")
    assert differences(database) == {}


def test_a_transaction_that_still_sees_the_past_is_named(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub_module, "_PATIENCE", 0.2)
    looking = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
    with transaction(database, *looking):
        with transaction(database, "SELECT pg_current_xact_id()"):  # what was deleted meanwhile
            pass
        with pytest.raises(NotScrubbed, match="a long transaction reads"):
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
