"""An operator's upgrade of the embedded PostgreSQL: what is refused, and a desk that goes on (docs/operating.md)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import backups as commands
from api.cli.main import app
from application.administration.catalogue import OPERATOR
from application.demo.small_desk import DEMO_CUSTOMER
from domain.values import ErasureScope
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded import cluster
from infrastructure.postgres.embedded.programs import find_binaries
from infrastructure.postgres.embedded.upgrade import upgrade
from tests import four_eyes
from tests.acceptance.data_directory import DataDirectory, place, project
from tests.application.cases import log
from tests.blocking import open_desk
from tests.conftest import differences

__all__ = ["place"]


class Killed(Exception):
    """Nothing runs after it."""


@pytest.mark.parametrize(
    "command",
    [
        *("serve --port 0", "api --port 0", "worker projector", "migrate", "status", "attest", "replay INC-0000001"),
        *("token --role technician --subject a.ortiz", "rebuild", "report volume", "backup KEPT"),
    ],
)
def test_data_of_an_older_postgresql_end_every_command_with_the_one_to_run(tmp_path: Path, command: str) -> None:
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "PG_VERSION").write_text("17\n")
    arguments = command.replace("KEPT", str(tmp_path / "kept")).split()
    ended = CliRunner().invoke(app, [*arguments, "--data-dir", str(tmp_path)])
    assert ended.exit_code == 2
    assert "run `caseledger upgrade-database --old-binaries FOLDER` with the programs of 17" in ended.output
    assert [path.name for path in (tmp_path / "cluster").iterdir()] == ["PG_VERSION"]


def test_what_cannot_be_upgraded_ends_with_a_reason(tmp_path: Path) -> None:
    desk, old = DataDirectory(tmp_path), ("upgrade-database", "--old-binaries", tmp_path)
    for options, why in (
        ((), "there is no desk in"),
        (("--database-url", "postgresql://elsewhere/desk"), "a PostgreSQL of your own"),
    ):
        ended = desk.run(*old, *options)
        assert (ended.exit_code, why in ended.output) == (2, True), ended.output
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "PG_VERSION").write_text("17\n")
    ended = desk.run(*old)
    assert (ended.exit_code, "there is no PostgreSQL in" in ended.output) == (2, True), ended.output


def record(place: DataDirectory, database: Database) -> list[tuple[Any, ...]]:
    """Every row of the record, all its columns."""
    with place.superuser(database) as superuser:
        rows = "SELECT notification_id, e::text FROM ledger.stored_events AS e ORDER BY notification_id"
        return superuser.execute(rows).fetchall()


def test_an_upgraded_desk_has_every_byte_of_its_record_and_goes_on(
    place: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 18 to 18, killed between the two renames: the next command that opens the desk finishes."""

    def killed(_: Path) -> bool:
        raise Killed

    note, sealer = tmp_path / "note", place.folder / "sealer"
    with place.running() as database:
        place.run("worker", "sealer", "--once")
        note.write_text(place.note(), encoding="utf-8")
        before = record(place, database)
    keys = {path: path.read_bytes() for path in sealer.iterdir()}
    command = ("upgrade-database", "--old-binaries", find_binaries(None))
    refused = place.run(*command)
    assert (refused.exit_code, "nothing to do" in refused.output) == (2, True)
    monkeypatch.setattr(commands, "upgrade", partial(upgrade, fsync=False, even_if_equal=True))
    with monkeypatch.context() as patched:
        patched.setattr(cluster, "finish_replacement", killed)
        ended = CliRunner().invoke(app, [*map(str, command), "--data-dir", str(place.folder)])
    assert isinstance(ended.exception, Killed)
    assert not (place.folder / "cluster").exists()

    with place.running() as database, open_desk(database) as desk:
        assert place.told("verify", "--held", note)["findings"] == []
        assert {path: path.read_bytes() for path in sealer.iterdir()} == keys
        assert record(place, database) == before
        assert not differences(database)
        log(desk)
        assert record(place, database)[len(before)][0] == before[-1][0] + 1
        project(database)
        assert not differences(database)
        place.run("worker", "sealer", "--once")
        assert place.told("verify", "--held", note)["findings"] == []
        with open_desk(database, component="eraser") as eraser:
            scope = ErasureScope.EVERYTHING
            four_eyes.approve(eraser, eraser.personal_data.request_erasure(DEMO_CUSTOMER, scope, "asked", OPERATOR))
        erased = place.told("erase", DEMO_CUSTOMER, "--reason", "asked", "--scope", "everything", "--no-scrub")
    (kept,) = place.folder.glob("cluster.old-*")
    assert str(kept) in {each["what"] for each in erased["remains"]}

    (place.folder / ".new-upgrade").mkdir()
    (place.folder / "cluster").rename(place.folder / ".new-upgrade" / "complete")
    assert place.told(*command) == {"data_dir": str(place.folder), "version": int(kept.suffix[5:]), "kept": str(kept)}
