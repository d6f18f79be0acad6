"""What an auditor and an operator run, as they run it: the commands, on a data directory of its own, exit codes included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from infrastructure.transparency.formats.note import parse_note
from infrastructure.transparency.sealer_folder import SealerFolder
from tests.acceptance.data_directory import DataDirectory, place, project
from tests.application.cases import log
from tests.blocking import open_desk
from tests.infrastructure.transparency.sealed import unguarded

__all__ = ["place"]


def test_from_a_cold_start_a_case_goes_home_and_verifies_and_so_does_the_whole_record(
    place: DataDirectory, tmp_path: Path
) -> None:
    with place.running():  # or each command would start a server of its own
        bundle, copy, kept = tmp_path / "case", tmp_path / "log", tmp_path / "checkpoint"
        made = place.run("bundle", "INC-0000005", "-o", bundle)
        assert made.exit_code == 0, made.output
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
