"""Checkpoints held outside: every mail takes the current one with it (audit.md, Held outside)."""

from __future__ import annotations

from pathlib import Path

from infrastructure.transparency.formats.mail_header import HEADER
from infrastructure.transparency.verification.held_checkpoints import notes_in
from tests.acceptance.conftest import RunningDesk
from tests.acceptance.mail.workers import mail_worker
from tests.conftest import TestDatabase
from tests.infrastructure.transparency.checkpoints import sealed
from tests.infrastructure.transparency.trees import a_log


def test_a_mail_of_the_worker_carries_the_checkpoint_of_its_moment(
    running: RunningDesk, database: TestDatabase, tmp_path: Path
) -> None:
    log = a_log(50)
    sealed(database, log)
    running.resolved()
    with mail_worker(database, tmp_path, running.mail.port):
        caught = running.mail.wait_for(lambda mail: HEADER in mail.parsed, 60)
    assert notes_in(caught.raw) == [log.note()]
