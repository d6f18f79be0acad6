"""One served desk for all tests of a file: each looks only at what it adds itself, so that none waits for a start.

`running` takes the place of the fixture of that name, `positions` counts from the start of the test; `alone` is a desk of a test's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import RunningDesk, Serve, done, served
from tests.conftest import TestDatabase, cloned


@pytest.fixture(scope="module")
def shared_database(server: str) -> Iterator[TestDatabase]:
    """The database of a file's tests."""
    with cloned(server) as database:
        yield database


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys of the served desk are."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    """The served desk of a file's tests."""
    with served(shared_database, keys) as desk:
        yield desk


@pytest.fixture
def positions(shared_database: TestDatabase) -> Callable[[], int]:
    """How many events the test has added to the record: what a refused request must not change."""

    def count() -> int:
        with psycopg.connect(shared_database.superuser) as connection:
            row = connection.execute("SELECT count(*) FROM ledger.stored_events").fetchone()
            assert row is not None
            return int(row[0])

    before = count()
    return lambda: count() - before


@pytest.fixture
def second(
    running: RunningDesk,
    serve: Serve,
    shared_database: TestDatabase,
    keys: Path,
) -> RunningDesk:
    """Another API process on the database and the keys of `running`, as behind a load balancer."""
    other = serve(shared_database, keys)
    for desk in (running, other):
        # FastAPI makes its routes at the first request, under a filter of warnings that is the whole process's: two
        # applications in two threads of one process, as here, must not do so at the same time.
        done(desk.anonymous().get("/healthz"))
    return other


@pytest.fixture
def alone(serve: Serve, database: TestDatabase, tmp_path: Path) -> RunningDesk:
    """A desk of a test's own, on a fresh database."""
    return serve(database, tmp_path)
