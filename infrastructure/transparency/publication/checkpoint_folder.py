"""A directory on another disk: checkpoints as files, out of reach of whoever loses or rewrites ours."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError
from infrastructure.transparency.publication.http_client import Contradicted, NotHeld


class HeldDirectory:
    """Where checkpoints are put, one file each. It is never created: a disk that is not mounted shall be missed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, note: str) -> Path:
        """Put a checkpoint there, whole or not at all. Raises NotHeld; Contradicted where another one is held."""
        checkpoint = Checkpoint.of_text(note)
        path = self.folder / f"{quote(checkpoint.origin, safe='')}-{checkpoint.size}.note"
        try:
            if _differs(path, checkpoint):
                raise Contradicted(f"{path} holds another checkpoint of this size: the log was rewritten or forked")
            _write(path, note)
        except OSError as error:
            raise NotHeld(f"{self.folder}: {error.strerror or error}") from error
        return path


def _differs(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is there that says something else; what is none may be overwritten."""
    try:
        return Checkpoint.of_text(path.read_text(encoding="utf-8")) != checkpoint
    except (FileNotFoundError, UnicodeDecodeError, NoteError):
        return False


def _write(path: Path, text: str) -> None:
    """Aside, to the disk, then under its name."""
    aside = path.with_name(f".{path.name}.new")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
