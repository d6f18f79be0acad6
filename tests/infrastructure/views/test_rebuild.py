"""A rebuild while others read, and what it leaves: the same tables under the same names."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import psycopg
import pytest

from domain.case.clauses.priority import Assessment
from domain.values import Level
from infrastructure.views import streams
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.rebuild import rebuild_views
from tests.application.cases import TECHNICIAN, log, resolved
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase, differences
from tests.infrastructure.postgres.test_schema import WRITTEN, dumped
from tests.infrastructure.views.test_projector import poison

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@contextmanager
def rebuilding(database: TestDatabase) -> Iterator[threading.Thread]:
    """A rebuild on a thread of its own; the test ends once it has."""

    def rebuild() -> None:
        with database.connect("projector") as connection:
            rebuild_views(connection)

    thread = threading.Thread(target=rebuild)
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def test_after_a_rebuild_the_schema_is_what_the_migrations_make(desk: BlockingDesk, database: TestDatabase) -> None:
    """So that the next migration finds each index and constraint under its name."""
    resolved(desk)
    with database.connect("projector") as connection:
        rebuild_views(connection)
        rebuild_views(connection)
    assert dumped(database) == WRITTEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("batch", [1, 2, 7, 5_000])
@pytest.mark.parametrize("several", [False, True])
def test_a_rebuild_by_streams_equals_a_fold_by_position(
    desk: BlockingDesk, database: TestDatabase, monkeypatch: pytest.MonkeyPatch, batch: int, several: bool
) -> None:
    """However the streams are cut, and however many fold them."""
    for _ in range(3):
        resolved(desk)
        log(desk)
    monkeypatch.setattr(streams, "_BATCH", batch)
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
        before = connection.execute("TABLE views.tracking").fetchall()
        rebuild_views(connection, connect=(lambda: database.connect("projector")) if several else None)
        assert connection.execute("TABLE views.tracking").fetchall() == before
    assert differences(database) == {}


def test_a_rebuild_stops_at_the_first_event_that_cannot_be_folded(desk: BlockingDesk, database: TestDatabase) -> None:
    """Also where a later one comes first by its stream."""
    log(desk)
    first = poison(database)
    for _ in range(20):
        poison(database)
    with database.connect("projector") as connection, pytest.raises(Poisoned, match=f"before position {first}:"):
        rebuild_views(connection)


def test_ended_intervals_lie_in_order_after_a_rebuild(desk: BlockingDesk, database: TestDatabase) -> None:
    """Questions about the past count on it. Stream by stream, they would lie in the order of cases."""
    numbers = [log(desk) for _ in range(3)]
    for number in reversed(numbers):
        desk.triage.triage(number, "desk", TECHNICIAN)
    for number in numbers:
        desk.diagnosis.prioritize(number, Assessment(Level(2), Level(2)), TECHNICIAN)
    with database.connect("projector") as connection:
        rebuild_views(connection)
        found = connection.execute("SELECT until_position FROM views.case_intervals ORDER BY ctid").fetchall()
    assert len(found) == 6
    assert found == sorted(found)


@pytest.mark.parametrize("held", ["views.case_intervals", "views.tracking", "reporting.cases"])
def test_nobody_waits_behind_a_rebuild_that_waits_for_a_reader(
    desk: BlockingDesk, database: TestDatabase, held: str
) -> None:
    resolved(desk)
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
    with psycopg.connect(database.superuser) as reader, psycopg.connect(database.superuser, autocommit=True) as others:
        reader.execute(f"SELECT count(*) FROM {held}".encode())
        with rebuilding(database) as rebuild:
            while others.execute(WAITING).fetchone() == (0,):
                assert rebuild.is_alive(), "it ended without waiting for the reader"
            others.execute("SET statement_timeout = '30s'")
            for _ in range(20):
                assert others.execute("SELECT number FROM reporting.cases JOIN views.tracking ON true").fetchone()
            assert rebuild.is_alive()
            reader.rollback()
    assert differences(database) == {}


def test_a_projector_that_waits_for_the_swap_goes_on_in_the_new_views(
    desk: BlockingDesk, database: TestDatabase
) -> None:
    """What was held up by the swap must not be folded into the old views, nor twice into the new ones."""
    resolved(desk)
    stop = threading.Event()
    with database.connect("projector") as connection, database.connect("projector") as other:
        working = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 0.05})
        working.start()

        logged = list[str]()

        def one_more(_: int) -> None:
            if len(logged) < 5:
                logged.append(log(desk))

        for _ in range(3):
            rebuild_views(other, one_more)
        log(desk)
        stop.set()
        working.join(60)
        Projector(other).catch_up()
    assert differences(database) == {}


def test_an_upgrade_gives_the_indexes_of_an_older_rebuild_their_names_again(database: TestDatabase) -> None:
    """Releases before 0.5.0 let PostgreSQL name them: later migrations would not find them."""
    migration = (
        files("infrastructure.postgres").joinpath("migrations", "0025.index_names.sql").read_text(encoding="utf-8")
    )
    written = WRITTEN.read_text(encoding="utf-8")
    named = [name for name in re.findall(r"\('(\w+_idx)', '(?:UNIQUE )?ON", migration) if f"INDEX {name} " in written]
    assert named
    with psycopg.connect(database.superuser, autocommit=True) as superuser:
        for number, name in enumerate(named):
            superuser.execute(f"ALTER INDEX views.{name} RENAME TO whatever_{number}_idx".encode())
        superuser.execute(migration.encode())
    assert dumped(database) == WRITTEN.read_text(encoding="utf-8")
