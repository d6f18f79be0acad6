"""A desk with the demonstration's cases, a duplicate and some imported rows, sealed and projected, for exports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.demo.small_desk import load_demo
from domain.case.clauses.relations import Relation
from infrastructure.views.projector import Projector
from tests.acceptance.imports.logs import row
from tests.application.cases import TECHNICIAN
from tests.blocking import BlockingDesk
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.sealed import SealedDesk

ROOT = Path(__file__).resolve().parents[3]
MINING = ROOT / ".venv" / "mining"
"""pm4py, which is AGPL: only ever in a process of its own, and no part of the desk."""
needs_pm4py = pytest.mark.skipif(not MINING.exists(), reason=f"pm4py is not installed in {MINING}")


class Exporter:
    """Runs `caseledger export` on a test's database."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.database, self.folder = database, folder

    def settle(self) -> None:
        """Fold and seal everything."""
        with self.database.connect("projector") as connection:
            Projector(connection).catch_up()
        SealedDesk(self.database, self.folder / "sealer").seal()

    def run(self, *command: str | Path, code: int = 0) -> Result:
        at = ["--database-url", self.database.superuser, "--data-dir", str(self.folder / "data")]
        result = CliRunner().invoke(app, ["export", *map(str, command), *at])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def manifest(self, *command: str | Path) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run(*command, "--json").stdout)
        return told


@pytest.fixture
def exporter(database: TestDatabase, desk: BlockingDesk, tmp_path: Path) -> Exporter:
    """The desk, ready to export."""
    desk.run(load_demo)
    desk.relations.relate("INC-0000006", "INC-0000005", Relation.RELATED, None, TECHNICIAN)
    made = Exporter(database, tmp_path)
    made.settle()
    return made


BACKWARDS = (
    row(),
    row(incident_state="Active", sys_updated_at="1/3/2016 09:00"),
    row(incident_state="Resolved", sys_updated_at="1/3/2016 08:00"),
    row(incident_state="Closed", sys_updated_at="5/3/2016 12:00", resolved_at="1/3/2016 08:00"),
)
"""An incident with a row that is earlier than the row before it."""


def mined(script: str, *given: str | Path) -> Any:
    """What a script prints as JSON that reads a log with pm4py, where every warning is an error."""
    environment = {**os.environ, "PYTHONPATH": str(MINING)}
    command = [
        sys.executable,
        "-W",
        "error::UserWarning",
        "-W",
        "error::RuntimeWarning",
        "-c",
        script,
        *map(str, given),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
