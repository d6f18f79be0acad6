"""A desk's data directory, and the command line on it, as an operator and an auditor use them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.administration.catalogue import OPERATOR
from application.demo.small_desk import load_demo
from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate
from infrastructure.views.projector import Projector
from tests.blocking import open_desk


class DataDirectory:
    """A desk's data directory, and the command line on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str | Path) -> Result:
        result = CliRunner().invoke(app, [*map(str, command), "--data-dir", str(self.folder)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def told(self, *command: str | Path, code: int = 0) -> Any:
        result = self.run(*command, "--json")
        assert result.exit_code == code, (result.exit_code, result.output)
        return json.loads(result.stdout)

    @contextmanager
    def running(self) -> Iterator[Database]:
        with embedded_server(self.folder, fsync=False) as conninfo:
            database = Database(conninfo, embedded=True)
            migrate(database)
            yield database

    def note(self) -> str:
        return (self.folder / "sealer" / "last-checkpoint").read_text(encoding="utf-8")

    def superuser(self, database: Database) -> psycopg.Connection[Any]:
        return psycopg.connect(make_conninfo(database.conninfo, dbname=NAME), autocommit=True)


@pytest.fixture
def place() -> Iterator[DataDirectory]:
    """A demonstration desk; nothing of it is sealed yet."""
    folder = Path(tempfile.mkdtemp(prefix="cl-audit-"))
    folder.chmod(0o755)
    made = DataDirectory(folder)
    with made.running() as database, open_desk(database) as desk:
        desk.policy.adopt(OPERATOR)
        desk.run(load_demo)
        project(database)
    yield made
    shutil.rmtree(folder)


def project(database: Database) -> None:
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
