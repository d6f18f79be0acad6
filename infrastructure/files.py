"""Files written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, content: bytes | str, mode: int = 0o644, *, durable: bool = True) -> None:
    """Replace a file's content: whoever reads it finds the old content or the new. It has one writer at a time.

    When this returns, a ``durable`` content survives a power cut. Raises OSError; then the old content stands.
    """
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)  # left by a writer that was killed
    write_new(draft, content, mode, durable=durable)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def write_new(path: Path, content: bytes | str, mode: int, *, durable: bool = True) -> None:
    """Create a file that must not exist. Raises OSError; then there is none."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            if durable:
                os.fsync(handle)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk, so that a new or renamed file survives a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
