"""The directory on another disk: each checkpoint whole or not at all, and none that contradicts another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infrastructure.transparency.publication.checkpoint_folder import HeldDirectory
from infrastructure.transparency.publication.http_client import Contradicted, NotHeld
from infrastructure.transparency.verification.held_checkpoints import read_held
from tests.infrastructure.transparency.trees import a_log

LOG = a_log(300)


def test_a_checkpoint_is_a_file_under_its_logs_name_and_its_size(tmp_path: Path) -> None:
    directory = HeldDirectory(tmp_path)
    paths = [directory.keep(LOG.note(size)) for size in (3, 300)]
    assert [path.name for path in paths] == ["desk.example%2Flog-3.note", "desk.example%2Flog-300.note"]
    assert sorted(tmp_path.iterdir()) == sorted(paths), "nothing is left beside them"
    assert sorted(held.note for held in read_held([tmp_path])) == sorted([LOG.note(3), LOG.note(300)])


def test_the_same_checkpoint_may_come_again_under_more_signatures(tmp_path: Path) -> None:
    directory = HeldDirectory(tmp_path)
    directory.keep(LOG.note())
    more = LOG.note() + LOG.note().partition("\n\n")[2]
    assert directory.keep(more).read_text(encoding="utf-8") == more


def test_another_checkpoint_of_the_size_is_an_alarm_and_what_is_held_stays(tmp_path: Path) -> None:
    directory = HeldDirectory(tmp_path)
    path = directory.keep(LOG.note())
    with pytest.raises(Contradicted, match="rewritten or forked"):
        directory.keep(a_log(300, prefix="forged").note())
    assert path.read_text(encoding="utf-8") == LOG.note()


def test_what_is_no_checkpoint_gives_way(tmp_path: Path) -> None:
    path = HeldDirectory(tmp_path).keep(LOG.note())
    for broken in (b"", b"\xff", LOG.note().encode()[:40]):
        path.write_bytes(broken)
        HeldDirectory(tmp_path).keep(LOG.note())
        assert path.read_text(encoding="utf-8") == LOG.note()


def test_a_directory_that_is_not_there_is_missed_and_not_made(tmp_path: Path) -> None:
    gone = tmp_path / "not-mounted"
    with pytest.raises(NotHeld, match="not-mounted: No such file"):
        HeldDirectory(gone).keep(LOG.note())
    assert not gone.exists()


def test_a_disk_that_is_full_leaves_what_was_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = HeldDirectory(tmp_path)
    path = directory.keep(LOG.note())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotHeld, match="No space left"):
        directory.keep(LOG.note(3))
    assert list(tmp_path.iterdir()) == [path]
