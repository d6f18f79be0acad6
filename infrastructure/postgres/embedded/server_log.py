"""`postgres.log`: what the embedded server says. It is turned when it is large, so that it never fills the disk."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

LARGEST = 16 * 1_048_576
"""Bytes of `postgres.log` after which it is turned. `postgres.log.1` keeps what it held; what that held is gone."""
_TAIL = 2_000


def path_in(data_dir: Path) -> Path:
    """Where it is. The server appends to it."""
    return data_dir / "postgres.log"


def turn(data_dir: Path) -> None:
    """Empty the log if it is large, and keep a copy. The server keeps it open, so it cannot be renamed.

    A line that is written between the copy and the emptying is lost. A disk that is full keeps the log as it is.
    """
    log = path_in(data_dir)
    with suppress(OSError):
        if log.stat().st_size >= LARGEST:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def tail(data_dir: Path) -> str:
    """The end of the log, for an error that names the server's own reason."""
    with path_in(data_dir).open("ab+") as log:
        log.seek(max(0, log.tell() - _TAIL))
        return f"; the end of {log.name}:\n{log.read().decode(errors='replace')}"
