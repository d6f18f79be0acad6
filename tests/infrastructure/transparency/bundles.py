"""A bundle to check, with all that it can be checked against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infrastructure.transparency.bundle.offline_check import stream_of
from infrastructure.transparency.bundle.writer import make_bundle
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import Verifier
from infrastructure.transparency.log_copy import LogCopy, export
from infrastructure.transparency.log_reader import LogReader, latest
from tests.infrastructure.transparency.sealed import SealedDesk


@dataclass
class Made:
    """A bundle with all it can be checked against."""

    number: str
    files: dict[str, bytes]
    verifiers: list[Verifier]
    old: str
    record: SealedDesk

    def copied(self, folder: Path, **given: Any) -> LogCopy:
        copy_log(self.record, folder)
        sizes = [Checkpoint.of_text(note).size for note in (self.files["checkpoint"].decode(), self.old)]
        return LogCopy(folder, self.verifiers, watch=sizes, stream=stream_of(self.files), **given)


def bundle_of(record: SealedDesk, number: str, old: str | None = None) -> dict[str, bytes]:
    with record.database.connect("auditor") as connection:
        return make_bundle(connection, number, Checkpoint.of_text(old) if old else None)


def copy_log(record: SealedDesk, folder: Path) -> None:
    with record.database.connect("auditor") as connection:
        sealed = latest(connection)
        assert sealed is not None
        export(LogReader(connection, sealed.log), sealed.note, Checkpoint.of_text(sealed.note), folder)
