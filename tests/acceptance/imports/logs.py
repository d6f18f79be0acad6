"""Logs of other desks for tests, and the command that imports them."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.desk import Desk
from application.imports.importer import Imported, Importer
from application.imports.mapping import shipped_mapping
from application.imports.rows import Log
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.blocking import BlockingDesk
from tests.conftest import DATA, TestDatabase

LOG = DATA / "servicenow" / "incident_event_log.csv.gz"
SPREADSHEET = DATA / "servicenow" / "incident_event_log.spreadsheet.csv.gz"
needs_data = pytest.mark.skipif(not LOG.exists(), reason=f"the real incident log is not beside the checkout ({LOG})")

SERVICENOW = shipped_mapping("servicenow")
COLUMNS = SERVICENOW.columns
ROW = {
    **dict.fromkeys(COLUMNS, "?"),
    "number": "INC0000001",
    "incident_state": "New",
    "active": "true",
    "made_sla": "true",
    "knowledge": "true",
    "u_priority_confirmation": "false",
    "caller_id": "Caller 1",
    "opened_at": "29/2/2016 01:16",
    "sys_updated_by": "Updated by  21",
    "sys_updated_at": "29/2/2016 01:23",
    "contact_type": "Phone",
    "category": "Category 55",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
}


def row(**changes: str) -> dict[str, str]:
    """A row of a ServiceNow log."""
    return {**ROW, **changes}


def written(folder: Path, *rows: dict[str, str], name: str = "log.csv") -> Path:
    """A ServiceNow log as a file."""
    file = folder / name
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


def imported(desk: BlockingDesk, rows: Sequence[dict[str, str]], file: str = "log") -> Imported:
    """Import rows of a ServiceNow log without a file. The first row stands in line 2."""
    lines = list(enumerate(rows, start=2))

    async def run(on: Desk) -> Imported:
        log = Log(SERVICENOW, ZoneInfo("UTC"))
        return await Importer(on, SERVICENOW, file).run(log.cases(lines, log.look_at(lines)), lambda _: None)

    return desk.run(run)


class Imports:
    """Runs `caseledger import` on a test's database."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.database, self.folder = database, folder
        # this is where an operator's database is sealed
        SealerFolder(folder / "sealer").add_key(Ed25519PrivateKey.generate())

    def run(self, file: Path, *options: str) -> Result:
        """Import a ServiceNow log."""
        return self._import("servicenow", str(file), "--timezone", "UTC", *options)

    def report(self, file: Path) -> tuple[int, dict[str, Any]]:
        """The exit code, and what the command tells as JSON."""
        return _told(self.run(file, "--json"))

    def events(self, file: Path, mapping: Path | str, *options: str) -> tuple[int, dict[str, Any]]:
        """Import any log by a mapping."""
        return _told(self._import("events", str(file), "--mapping", str(mapping), "--json", *options))

    def _import(self, *arguments: str) -> Result:
        at = ["--database-url", self.database.superuser, "--data-dir", str(self.folder)]
        return CliRunner().invoke(app, ["import", *arguments, *at])


def _told(result: Result) -> tuple[int, dict[str, Any]]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)
