"""Backups of a real embedded server: what becomes one, what is restored, and what is refused (issue 17, operators' faults)."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg
import pytest

from infrastructure.postgres.embedded.backups import Backup, BackupFailed, Backups
from infrastructure.postgres.embedded.cluster import has_cluster
from infrastructure.postgres.embedded.server import embedded_server

FULL = Backup("20261201T010000Z", None, 1, None, "0.5.0")
INCREMENT = Backup("20261201T020000Z", FULL.name, 2, None, "0.5.0")


@dataclass(frozen=True)
class Place:
    """A data directory, and a folder with a full backup of its server and an increment."""

    server: Path
    backups: Backups
    elsewhere: Path

    def rows(self, data_dir: Path) -> list[int]:
        with embedded_server(data_dir, fsync=False) as conninfo, psycopg.connect(conninfo) as connection:
            return [row for (row,) in connection.execute("SELECT n FROM kept ORDER BY n")]


@pytest.fixture(scope="module")
def _place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="caseledger-test-"))
    folder.chmod(0o755)  # open to the server's user
    place = Place(folder / "desk", Backups(folder / "kept"), folder / "elsewhere")
    with embedded_server(place.server, fsync=False) as conninfo, psycopg.connect(conninfo, autocommit=True) as writer:
        writer.execute("CREATE TABLE kept (n int)")
        for number, backup in enumerate((FULL, INCREMENT)):
            writer.execute("INSERT INTO kept VALUES (%s)", (number,))
            place.backups.take(conninfo, place.server, backup, lambda *_: None)
        writer.execute("INSERT INTO kept VALUES (2)")
    yield place
    shutil.rmtree(folder)


@pytest.fixture
def place(_place: Place) -> Iterator[Place]:
    yield _place
    shutil.rmtree(_place.elsewhere, ignore_errors=True)


def test_a_full_backup_and_its_increment_are_each_restored_as_of_their_moment(place: Place) -> None:
    for name, rows in ((FULL.name, [0]), (None, [0, 1])):
        place.backups.restore(place.backups.chain_of(name), place.elsewhere)
        assert place.rows(place.elsewhere) == rows
        assert place.rows(place.elsewhere) == rows  # also when it has started once
        shutil.rmtree(place.elsewhere)


def test_the_backups_of_a_folder_are_listed_and_each_knows_what_it_builds_on(place: Place) -> None:
    assert place.backups.listed() == [FULL, INCREMENT]
    assert place.backups.chain_of(None) == [FULL, INCREMENT]
    with pytest.raises(
        BackupFailed, match=r"there is no backup yesterday .* there are: 20261201T010000Z, 20261201T020000Z"
    ):
        place.backups.chain_of("yesterday")


def test_a_backup_with_one_altered_byte_is_refused_and_nothing_is_restored(place: Place) -> None:
    altered = place.backups.folder / FULL.name / "cluster" / "global" / "pg_filenode.map"
    before = altered.read_bytes()
    altered.write_bytes(before[:100] + bytes([before[100] ^ 1]) + before[101:])
    try:
        with pytest.raises(BackupFailed, match=r"pg_verifybackup: .*checksum mismatch"):
            place.backups.restore(place.backups.chain_of(None), place.elsewhere)
    finally:
        altered.write_bytes(before)
    assert not has_cluster(place.elsewhere)
    assert list(place.elsewhere.glob(".new-*")) == []


def test_a_desk_is_never_overwritten(place: Place) -> None:
    with pytest.raises(BackupFailed, match="holds a desk already"):
        place.backups.restore(place.backups.chain_of(None), place.server)
    assert place.rows(place.server) == [0, 1, 2]


def test_a_backup_of_another_postgresql_is_refused_by_its_number(place: Place) -> None:
    version = place.backups.folder / FULL.name / "cluster" / "PG_VERSION"
    before = version.read_bytes()
    version.write_text("16\n")
    try:
        with pytest.raises(BackupFailed, match="the backup is of PostgreSQL 16"):
            place.backups.restore([FULL], place.elsewhere)
    finally:
        version.write_bytes(before)


def test_no_backup_lies_in_the_data_directory_that_it_is_of(place: Place) -> None:
    inside = Backups(place.server / "backups")
    with pytest.raises(BackupFailed, match="would destroy its backup"):
        inside.take("", place.server, FULL, lambda *_: None)


def test_a_backup_that_fails_leaves_nothing_and_what_a_killed_one_left_is_deleted(place: Place) -> None:
    left = place.backups.folder / ".new-killed"
    (left / "cluster").mkdir(parents=True)
    with pytest.raises(BackupFailed, match=r"pg_basebackup: .*failed"):
        place.backups.take(
            f"host={place.elsewhere} port=1 user=nobody", place.server, replace(FULL, name="x"), lambda *_: None
        )
    assert not left.exists()
    assert {path.name for path in place.backups.folder.iterdir()} == {".lock", FULL.name, INCREMENT.name}


def test_two_programs_do_not_work_on_the_backups_of_a_folder_at_once(place: Place) -> None:
    with place.backups._alone(), pytest.raises(BackupFailed, match="another program works on the backups"):
        Backups(place.backups.folder).forget(1)


def test_the_oldest_chains_are_deleted_and_what_others_build_on_is_kept(tmp_path: Path) -> None:
    backups = Backups(tmp_path)
    later = [replace(FULL, name="20261202T010000Z"), replace(FULL, name="20261203T010000Z")]
    after = replace(INCREMENT, name="20261203T020000Z", base="20261203T010000Z")
    for each in (FULL, INCREMENT, *later, after):
        (tmp_path / each.name).mkdir()
        (tmp_path / each.name / "backup.json").write_text(json.dumps(asdict(each)))
    assert backups.forget(4) == []
    assert backups.forget(2) == [FULL.name, INCREMENT.name]
    assert backups.forget(1) == [later[0].name]
    assert backups.chain_of(None) == [later[1], after]
    shutil.rmtree(tmp_path / later[1].name)
    with pytest.raises(BackupFailed, match="is an increment of 20261203T010000Z, which"):
        backups.chain_of(None)


def test_a_description_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FULL.name).mkdir()
    (tmp_path / FULL.name / "backup.json").write_text("{")
    with pytest.raises(BackupFailed, match=r"backup\.json cannot be read"):
        Backups(tmp_path).listed()
