"""Writes schema.sql, the catalogue's facts and the columns of `reporting` anew from the migrations: `python -m tests.infrastructure.postgres.write_schema`."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate
from infrastructure.transparency.verification.database_catalogue import EXPECTED, catalogue_facts
from tests.conftest import TestDatabase
from tests.infrastructure.postgres.test_reporting_schema import listed, written
from tests.infrastructure.postgres.test_schema import WRITTEN, dumped

if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    folder.chmod(0o755)
    try:
        with embedded_server(folder, fsync=False) as conninfo:
            migrate(Database(conninfo, embedded=True))
            database = TestDatabase(conninfo, embedded=True, name=NAME)
            Path(str(WRITTEN)).write_text(dumped(database), encoding="utf-8")
            with database.connect("auditor") as auditor:
                facts = "\n".join(catalogue_facts(auditor))
            Path(str(EXPECTED)).write_text(f"{facts}\n", encoding="utf-8")
            written(version("caseledger")).write_text("\n".join([*listed(database), ""]), encoding="utf-8")
    finally:
        shutil.rmtree(folder)
