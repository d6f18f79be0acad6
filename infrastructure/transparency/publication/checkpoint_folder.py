"""A directory on another disk with checkpoints as files, out of reach of whoever loses or rewrites ours."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from infrastructure.files import write_atomically
from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError
from infrastructure.transparency.publication.http_client import Contradicted, NotHeld


class HeldDirectory:
    """Holds each checkpoint in a file. It never creates its folder: a disk that is not mounted must be noticed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, note: str) -> Path:
        """Write a checkpoint, whole or not at all. Raises NotHeld; Contradicted where the folder holds another one."""
        checkpoint = Checkpoint.of_text(note)
        path = self.folder / f"{quote(checkpoint.origin, safe='')}-{checkpoint.size}.note"
        try:
            if _differs(path, checkpoint):
                raise Contradicted(f"{path} holds another checkpoint of this size: the log was rewritten or forked")
            write_atomically(path, note)
        except OSError as error:
            raise NotHeld(f"{self.folder}: {error.strerror or error}") from error
        return path


def _differs(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether a file holds another checkpoint. A file that holds none may be overwritten."""
    try:
        return Checkpoint.of_text(path.read_text(encoding="utf-8")) != checkpoint
    except (FileNotFoundError, UnicodeDecodeError, NoteError):
        return False
