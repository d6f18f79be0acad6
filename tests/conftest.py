"""What the tests stand on: one PostgreSQL server a session, one database a test, cloned from a migrated template."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
import structlog
from psycopg import sql
from psycopg.conninfo import make_conninfo

from api.interpreter import tune_interpreter
from application.administration.catalogue import OPERATOR
from domain.values import Role
from infrastructure.postgres import database as database_module
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.queries import load
from infrastructure.postgres.setup.migration import migrate
from infrastructure.views.comparison import compare_views
from infrastructure.views.projector import Poisoned, Projector
from tests.blocking import BlockingDesk, open_desk

hypothesis.settings.register_profile("desk", deadline=None)  # no test is timed
hypothesis.settings.load_profile("desk")

NEVER = ("unowned_cases", "resolved_without_problem")
"""The views that are always empty; checked after every test that had a database."""

_ROOM = 6 * 2**30
"""Bytes."""
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real data beside the checkout; tests that need it say so when it is not there."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the state machine runs; 2,000 examples by hand."""
    parser.addoption("--examples", type=int, default=100, help="examples of the state machine over linked cases")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded of themselves: how often each command of the state machine succeeded."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in getattr(report, "user_properties", ()):
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")


@dataclass(frozen=True)
class TestDatabase(Database):
    """A database of one test on the session's server, reached by the components in their roles."""

    __test__ = False
    name: str = "caseledger"

    def for_component(self, component: Component) -> str:
        return make_conninfo(super().for_component(component), dbname=self.name)

    @property
    def superuser(self) -> str:
        """For what only an attacker or the test itself does."""
        return make_conninfo(self.conninfo, dbname=self.name)


@pytest.fixture(scope="session", autouse=True)
def _interpreter() -> None:
    tune_interpreter()
    # Tracebacks with the values of all variables take seconds each, in which nobody is answered.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The tests' own server, without fsync; under a short path that its unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir=_in_memory()))
    folder.chmod(0o755)
    try:
        with embedded_server(folder, fsync=False) as conninfo:
            migrate(Database(conninfo, embedded=True))
            yield conninfo
    finally:
        shutil.rmtree(folder)


def _in_memory() -> str | None:
    """A file system in memory with room for the tests' databases, where there is one: a file is made there in no time."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return str(memory) if roomy else None


@contextmanager
def cloned(server: str) -> Iterator[TestDatabase]:
    """A fresh, migrated database, for as long as it is wanted."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(database_module.NAME)
            )
        )
        made = TestDatabase(server, embedded=True, name=name)
        try:
            with psycopg.connect(made.superuser, autocommit=True) as superuser:  # they are not the template's to give
                superuser.execute(load("bootstrap", "infrastructure.postgres.setup")["database_grants"])
            yield made
            assert broken_invariants(made) == {}
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def broken_invariants(database: TestDatabase) -> dict[str, list[Any]]:
    """The cases that nobody owns (R-6b), or whose cause remains without a problem (R-5.8.1a), by the view that has them.

    What a test made unreadable on purpose is in no view, and none is asked.
    """
    with database.connect("projector") as connection:
        try:
            Projector(connection).catch_up()
        except Poisoned:
            return {}
        found = {view: connection.execute(f"SELECT * FROM reporting.{view}".encode()).fetchall() for view in NEVER}
    return {view: rows for view, rows in found.items() if rows}


def differences(database: Database) -> dict[str, int]:
    """How many rows of which view are not what a fold of the events from scratch makes."""
    with database.connect("auditor") as auditor:
        return compare_views(auditor).differences


@pytest.fixture
def database(server: str) -> Iterator[TestDatabase]:
    """A fresh, migrated database."""
    with cloned(server) as made:
        yield made


EVERYBODY = (
    ("a.ortiz", Role.TECHNICIAN, None),
    ("b.chen", Role.TECHNICIAN, None),
    ("t.lee", Role.TEAM_MEMBER, "network"),
    ("m.ruiz", Role.TEAM_MEMBER, "messaging"),
    ("d.manager", Role.DUTY_MANAGER, None),
    ("r.audit", Role.AUDITOR, None),
)


def grant_everybody(desk: BlockingDesk) -> None:
    """What the operator approves on a desk's first day."""
    for subject, role, team in EVERYBODY:
        desk.grants.ensure(subject, role, team, None, OPERATOR, anew=False)


@pytest.fixture
def desk(database: TestDatabase) -> Iterator[BlockingDesk]:
    """The application on a fresh database, whose people have been granted their roles."""
    with open_desk(database) as opened:
        grant_everybody(opened)
        yield opened


@pytest.fixture
def projector(database: TestDatabase) -> Iterator[Projector]:
    """A projector that folds when it is told to."""
    with database.connect("projector") as connection:
        yield Projector(connection)
