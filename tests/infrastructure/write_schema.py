"""Writes infrastructure/postgres/schema.sql anew from the migrations: `python -m tests.infrastructure.write_schema`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.embedded import embedded_server
from infrastructure.postgres.migrate import migrate
from tests.conftest import TestDatabase
from tests.infrastructure.test_schema import WRITTEN, dumped

if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    folder.chmod(0o755)
    try:
        with embedded_server(folder, fsync=False) as conninfo:
            migrate(Database(conninfo, embedded=True))
            Path(str(WRITTEN)).write_text(dumped(TestDatabase(conninfo, embedded=True, name=NAME)), encoding="utf-8")
    finally:
        shutil.rmtree(folder)
