"""`caseledger tlog restart`: a log begins anew as a whole, with its event on the record, or not at all."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from api.cli.main import app
from tests.acceptance.conftest import RunningDesk
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.sealed import SealedDesk


def logs(database: TestDatabase) -> tuple[int, int]:
    """How many logs there are, and how many restarts are on the record."""
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute(
            "SELECT (SELECT count(DISTINCT log) FROM tlog.checkpoints),"
            " (SELECT count(*) FROM ledger.stored_events WHERE topic = 'log.restarted')"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_who_may_not_put_the_restart_on_record_begins_no_log(
    running: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    running.log()
    SealedDesk(database, tmp_path / "lost").seal()

    def restart(url: str) -> tuple[int, str]:
        given = ["tlog", "restart", "--reason", "the key is lost", "--data-dir", str(tmp_path), "--database-url", url]
        told = CliRunner().invoke(app, given, env={"CASELEDGER_SEALER_DIR": str(tmp_path / "new")})
        return told.exit_code, told.output

    code, said = restart(make_conninfo(database.superuser, user="desk_sealer"))
    assert (code, logs(database)) == (2, (1, 0)), said
    assert "desk_api" in said
    code, said = restart(database.superuser)
    assert (code, logs(database)) == (0, (2, 1)), said
