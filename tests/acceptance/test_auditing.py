"""What an auditor and an operator run, as they run it: the commands, on a data directory of its own, exit codes included."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
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
from infrastructure.transparency.formats.note import parse_note
from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.views.projector import Projector
from tests.application.cases import log
from tests.blocking import open_desk
from tests.infrastructure.transparency.sealed import unguarded


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


def test_from_a_cold_start_a_case_goes_home_and_verifies_and_so_does_the_whole_record(
    place: DataDirectory, tmp_path: Path
) -> None:
    with place.running():  # or each command would start a server of its own
        bundle, copy, kept = tmp_path / "case", tmp_path / "log", tmp_path / "checkpoint"
        assert place.run("bundle", "INC-0000005", "-o", bundle).exit_code == 0
        (vkey,) = place.run("tlog", "vkey").stdout.split()
        kept.write_text(place.note(), encoding="utf-8")
        assert place.told("tlog", "export", copy)["size"] > 90
        checked = CliRunner().invoke(
            app,
            [
                "verify-bundle",
                str(bundle),
                "--vkey",
                vkey,
                "--case",
                "INC-0000005",
                "--old",
                str(kept),
                "--tlog",
                str(copy),
                "--json",
            ],
        )
        assert checked.exit_code == 0
        assert json.loads(checked.stdout)["findings"] == []
        found = place.told("verify", "--held", kept, "--vkey", vkey)
        assert found["ok"]
        assert found["findings"] == found["warnings"] == []
        assert found["checked"]["held"] == 1
        assert place.told("attest")["equal"]
        assert place.told("tlog", "export", copy)["before"] == found["size"]  # the attestation is an event, and sealed


def test_what_is_found_is_named_and_the_exit_code_is_1(place: DataDirectory) -> None:
    with place.running() as database:
        place.run("worker", "sealer", "--once")
        with place.superuser(database) as superuser, unguarded(superuser):
            superuser.execute("UPDATE ledger.stored_events SET topic = 'case.closed' WHERE notification_id = 40")
        found = place.told("verify", code=1)
    (rows,) = [finding for finding in found["findings"] if finding["check"] == "rows"]
    assert not found["ok"]
    assert rows.keys() == {"check", "leaf", "position", "case", "message"}
    assert (rows["position"], rows["leaf"]) == (40, 39)
    assert rows["case"].startswith("INC-")


def test_what_cannot_run_says_why_and_the_exit_code_is_2(place: DataDirectory, tmp_path: Path) -> None:
    with place.running():
        told = place.run("verify")
        assert (told.exit_code, "no verifier key" in told.output) == (2, True)
        place.run("worker", "sealer", "--once")
        (tmp_path / "nothing").write_text("no note", encoding="utf-8")
        for command, why in (
            (("verify", "--held", tmp_path / "nothing"), "nothing"),
            (("verify", "--vkey", "no+key"), "no verifier key"),
            (("bundle", "INC-9999999", "-o", tmp_path / "b"), "There is no case"),
            (("bundle", "INC-0000001", "-o", tmp_path), "is there already"),
            (("tlog", "retire", "00000000", "--reason", "x"), "no key 00000000 is in use"),
            (("tlog", "restart", "--reason", "x"), "nothing to restart"),
        ):
            told = place.run(*command)
            assert told.exit_code == 2, (command, told.output)
            assert why in told.output, told.output
    told = CliRunner().invoke(app, ["verify-bundle", str(tmp_path / "b"), "--vkey", "no+key"])
    assert told.exit_code == 2


def test_keys_come_and_go_as_events_and_what_they_signed_stays_valid(place: DataDirectory, tmp_path: Path) -> None:
    with place.running() as database:
        (old,) = place.run("tlog", "vkey").stdout.split()
        kept = tmp_path / "kept"
        kept.write_text(place.note(), encoding="utf-8")
        assert place.run("tlog", "rotate", "--reason", "once a year").exit_code == 0
        place.run("worker", "sealer", "--once")
        assert len(parse_note(place.note()).signatures) == 2
        assert place.run("tlog", "retire", old.split("+")[1], "--reason", "everybody has the new one").exit_code == 0
        place.run("worker", "sealer", "--once")
        assert len(parse_note(place.note()).signatures) == 1
        with place.superuser(database) as superuser:
            topics = superuser.execute(
                "SELECT topic FROM ledger.stored_events WHERE topic LIKE 'log.%' ORDER BY 1"
            ).fetchall()
        assert topics == [("log.key_introduced",), ("log.key_retired",), ("log.opened",)]
        project(database)
        assert place.told("verify", "--held", kept)["ok"]


def test_a_key_is_on_the_record_before_it_signs_and_before_it_is_destroyed(
    place: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in between, the record knows more than there is, and no key signs that it does not know."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with place.running() as database:
        place.run("worker", "sealer", "--once")
        (old,) = place.run("tlog", "vkey").stdout.split()
        monkeypatch.setattr(SealerFolder, "add_key", full)
        assert place.run("tlog", "rotate", "--reason", "once a year").exit_code == 2
        monkeypatch.undo()
        assert place.run("tlog", "rotate", "--reason", "once more").exit_code == 0
        monkeypatch.setattr(SealerFolder, "destroy_key", full)
        assert place.run("tlog", "retire", old.split("+")[1], "--reason", "old").exit_code == 2
        monkeypatch.undo()
        with place.superuser(database) as superuser:
            topics = superuser.execute(
                "SELECT topic FROM ledger.stored_events WHERE topic LIKE 'log.key%' ORDER BY notification_id"
            ).fetchall()
        assert [topic for (topic,) in topics] == ["log.key_introduced", "log.key_introduced", "log.key_retired"]
        assert len(place.run("tlog", "vkey").stdout.split()) == 2


def test_a_restored_backup_refuses_to_seal_and_a_restart_goes_on(place: DataDirectory, tmp_path: Path) -> None:
    """A cold copy of the cluster, as a backup is; the sealer's folder is kept apart and was not restored."""
    with place.running():
        place.run("worker", "sealer", "--once")
    backup = tmp_path / "backup"
    shutil.copytree(place.folder / "cluster", backup)
    with place.running() as database, open_desk(database) as desk:
        log(desk)
        place.run("worker", "sealer", "--once")
    kept = tmp_path / "kept"
    kept.write_text(place.note(), encoding="utf-8")
    owner = (place.folder / "cluster").stat()
    shutil.rmtree(place.folder / "cluster")
    shutil.copytree(backup, place.folder / "cluster")
    for path in (place.folder / "cluster", *(place.folder / "cluster").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    with place.running() as database:
        refused = place.run("worker", "sealer", "--once")
        assert refused.exit_code == 2
        assert "caseledger tlog restart --reason" in refused.output
        found = place.told("verify", "--held", kept, code=1)
        assert {finding["check"] for finding in found["findings"]} == {"sealer", "held"}
        begun = place.told("tlog", "restart", "--reason", "the disk failed")
        assert begun["origin"].endswith("/2")
        place.run("worker", "sealer", "--once")
        project(database)
        found = place.told("verify", "--held", kept)
        assert any("the restart after it gave up" in warning["message"] for warning in found["warnings"])


def test_a_sealer_killed_again_and_again_leaves_a_log_that_verifies(place: DataDirectory) -> None:
    environment = {**os.environ, "CASELEDGER_DATA_DIR": str(place.folder)}
    with place.running() as database, open_desk(database) as desk, place.superuser(database) as superuser:
        sealed = 0
        for _ in range(5):
            with subprocess.Popen([sys.executable, "-m", "api.cli.processes.sealer"], env=environment) as process:
                while True:  # until it has sealed something in this life, whatever else it is about
                    log(desk)
                    (now,) = superuser.execute("SELECT count(*) FROM tlog.checkpoints").fetchone() or (0,)
                    if now > sealed:
                        break
                sealed = now
                process.send_signal(signal.SIGKILL)
        place.run("worker", "sealer", "--once")
        project(database)
        found = place.told("verify")
        assert found["findings"] == []
        assert found["checked"]["checkpoints"] > 5
