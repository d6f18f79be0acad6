"""The drill of an operator: back up while the desk works, lose the disk, restore, and learn what was lost (docs/backups.md)."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.values import Actor, Role
from infrastructure.postgres.maintenance import scrub as scrub_module
from infrastructure.postgres.maintenance.scrub import NotScrubbed, scrub
from tests.acceptance.data_directory import DataDirectory, place, project
from tests.application.cases import log
from tests.blocking import BlockingDesk, open_desk

READER = Actor("r.audit", Role.AUDITOR)

__all__ = ["place"]


class Logging:
    """Somebody who logs one case after the other, and knows which were acknowledged."""

    def __init__(self, desk: BlockingDesk) -> None:
        self._desk, self._stop, self._another = desk, threading.Event(), threading.Semaphore(0)
        self.acknowledged: list[str] = []

    def run(self) -> None:
        while not self._stop.is_set():
            self.acknowledged.append(log(self._desk))
            self._another.release()

    def wait_for_another(self) -> list[str]:
        """What is acknowledged, once one more is."""
        assert self._another.acquire(timeout=60)
        return list(self.acknowledged)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()


def test_a_desk_is_backed_up_under_load_destroyed_and_restored_and_says_what_was_lost(
    place: DataDirectory, tmp_path: Path
) -> None:
    """The keys and the sealer's folder are kept apart, and were not restored (audit.md, Sealer)."""
    kept = place.folder.with_name(f"{place.folder.name}-kept")
    early, late = tmp_path / "early", tmp_path / "late"
    with place.running() as database, open_desk(database) as desk:
        place.run("worker", "sealer", "--once")
        early.write_text(place.note(), encoding="utf-8")
        logging = Logging(desk)
        with logging.at_work():
            full = place.told("backup", kept)
            acknowledged = logging.wait_for_another()
            increment = place.told("backup", kept, "--incremental")
        log(desk)
        place.run("worker", "sealer", "--once")
        late.write_text(place.note(), encoding="utf-8")
    shutil.rmtree(place.folder / "cluster")
    try:
        restored = place.told("restore", kept)
    finally:
        shutil.rmtree(kept)
    assert restored["chain"] == [full["name"], increment["name"]]
    assert restored["checkpoint"] == early.read_text(encoding="utf-8")
    with place.running() as database:
        with open_desk(database) as desk:
            assert all(desk.records.head(number, READER).version == 1 for number in acknowledged)
        refused = place.run("worker", "sealer", "--once")
        assert refused.exit_code == 2
        assert "caseledger tlog restart --reason" in refused.output
        found = place.told("verify", "--held", late, code=1)
        assert {finding["check"] for finding in found["findings"]} == {"sealer", "held"}
        begun = place.told("tlog", "restart", "--reason", "the disk failed")
        assert begun["origin"].endswith("/2")
        place.run("worker", "sealer", "--once")
        project(database)
        found = place.told("verify", "--held", early, "--held", late)
        assert any("the restart after it gave up" in warning["message"] for warning in found["warnings"])


def test_what_cannot_be_backed_up_or_restored_ends_with_a_reason(place: DataDirectory, tmp_path: Path) -> None:
    nowhere = DataDirectory(tmp_path / "no-desk")
    for command, why in (
        (("backup", tmp_path / "kept"), "there is no desk in"),
        (("restore", tmp_path / "kept"), "there is no backup"),
        (("backup", tmp_path / "kept", "--database-url", "postgresql://elsewhere/desk"), "a PostgreSQL of your own"),
    ):
        ended = nowhere.run(*command)
        assert ended.exit_code == 2
        assert why in ended.output.replace("\n", " ")
    first = place.run("backup", tmp_path / "kept", "--incremental")
    assert (first.exit_code, "there is no backup" in first.output) == (2, True)


def test_an_erasure_says_that_a_backup_still_needs_the_log_with_the_erased_words(
    place: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub_module, "_PATIENCE", 0.0)
    with place.running() as database, place.superuser(database) as superuser:
        superuser.execute("SELECT pg_create_physical_replication_slot('a_backup', true)")
        with pytest.raises(NotScrubbed, match="older segments of its log, for a backup that is being made"):
            scrub(database)
        superuser.execute("SELECT pg_drop_replication_slot('a_backup')")
        monkeypatch.undo()
        scrub(database)
        (segments,) = superuser.execute(
            "SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
        ).fetchone() or (0,)
        assert segments <= 2
