"""One served desk for all tests of a file: each looks only at what it adds itself, so that none waits for a start.

`running` takes the place of the fixture of that name, `positions` counts from the start of the test; `alone` is a desk of a test's own.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import uvicorn
from psycopg import sql

from api.main import application, tokens_of
from infrastructure.postgres import database as database_module
from infrastructure.settings import Settings
from infrastructure.views.projector import Projector
from tests.acceptance.conftest import RunningDesk, _Server, done
from tests.conftest import TestDatabase


@contextmanager
def cloned(server: str) -> Iterator[TestDatabase]:
    """A fresh, migrated database."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(database_module.NAME)
            )
        )
        connection.execute(
            sql.SQL("GRANT CREATE, TEMPORARY ON DATABASE {} TO desk_projector").format(sql.Identifier(name))
        )
        yield TestDatabase(server, embedded=True, name=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def served(database: TestDatabase, folder: Path) -> Iterator[RunningDesk]:
    """The database over HTTP, with a projector."""
    settings = Settings(data_dir=folder)
    server = _Server(uvicorn.Config(application(settings, database), port=0, log_level="warning", access_log=False))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    assert server.up.wait(30), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    stop = threading.Event()
    with ExitStack() as ending:
        connection = ending.enter_context(database.connect("projector"))
        projecting = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 0.1})
        projecting.start()
        ending.callback(projecting.join)
        ending.callback(stop.set)
        running = RunningDesk(f"http://127.0.0.1:{port}", tokens_of(settings))
        ending.callback(running.close)
        yield running
    server.should_exit = True
    serving.join(30)


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
    serve: Callable[[TestDatabase, Path], RunningDesk],
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
def alone(serve: Callable[[TestDatabase, Path], RunningDesk], database: TestDatabase, tmp_path: Path) -> RunningDesk:
    """A desk of a test's own, on a fresh database."""
    return serve(database, tmp_path)
