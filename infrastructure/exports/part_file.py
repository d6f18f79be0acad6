"""A file that grows beside its name and takes it once it is whole. A broken-off export goes on where it last made sure.

Beside `NAME` stand `NAME.part` and `NAME.part.json`: what was asked for, on which checkpoint, how many bytes are safe on the
disk, and where the export goes on behind them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from infrastructure.files import sync_folder, write_atomically

_PIECE = 1 << 20
"""Bytes that are hashed and written at a time."""


@dataclass(frozen=True)
class Ground:
    """What an export stands on: the record up to a position, and a signed checkpoint that contains it."""

    position: int
    log: str
    """Origin of the transparency log."""
    size: int
    checkpoint: str
    """The signed note."""

    def at(self, position: int) -> Ground:
        """The same checkpoint, for the record up to an earlier position."""
        return replace(self, position=position)


class Growing(Protocol):
    """What an export writes into."""

    ground: Ground
    mark: Any

    def write(self, text: bytes) -> None:
        """Append some text."""

    def keep(self, mark: Any) -> None:
        """Make sure of all that was written. An export that is broken off later goes on behind the mark."""


class Output:
    """Standard output: nothing is kept, and it begins at the beginning."""

    def __init__(self, file: BinaryIO, ground: Ground) -> None:
        self._file, self.ground, self.mark = file, ground, None

    def write(self, text: bytes) -> None:
        self._file.write(text)

    def keep(self, mark: Any) -> None:
        self._file.flush()


class PartFile:
    """Implements `Growing` by a file. ``mark`` tells where to go on; it is None at the beginning.

    A part of the same question is continued, and the new file then stands on the ground of that part. Any other is begun
    anew. Raises FileExistsError when the file is there already, OSError.
    """

    def __init__(self, target: Path, asked: Mapping[str, Any], ground: Ground, mode: int = 0o644) -> None:
        if target.exists():
            raise FileExistsError(f"{target} is there already: name a new file")
        self.target, self._asked = target, dict(asked)
        self._part, self._state = Path(f"{target}.part"), Path(f"{target}.part.json")
        self._digest, self._waits = sha256(), 0
        self._waiting: list[bytes] = []
        self._file = os.fdopen(os.open(self._part, os.O_RDWR | os.O_CREAT, mode), "r+b")
        self._lock()
        known = self._known()
        if known is None:  # what it says is of bytes that go now
            self._state.unlink(missing_ok=True)
        self.ground = Ground(**known["ground"]) if known else ground
        self.mark: Any = known["mark"] if known else None
        self._size = int(known["bytes"]) if known else 0
        self._file.truncate(self._size)
        while piece := self._file.read(_PIECE):
            self._digest.update(piece)

    def _lock(self) -> None:
        """Keep other exports from this part. One that has just been finished bears another name."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = os.path.samestat(os.fstat(self._file.fileno()), self._part.stat())
        except (BlockingIOError, FileNotFoundError):
            ours = False
        if not ours:
            self._file.close()
            raise FileExistsError(f"another export writes {self._part}")

    def _known(self) -> dict[str, Any] | None:
        """What the part says of itself, unless it answers another question or lacks bytes that it was sure of."""
        try:
            known: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
            fits = known["asked"] == self._asked and self._part.stat().st_size >= known["bytes"]
        except (OSError, ValueError, KeyError):
            return None
        return known if fits else None

    def write(self, text: bytes) -> None:
        self._waiting.append(text)
        self._waits += len(text)
        if self._waits >= _PIECE:
            self._pour()

    def _pour(self) -> None:
        piece = b"".join(self._waiting)
        self._digest.update(piece)
        self._file.write(piece)
        self._size += len(piece)
        self._waiting.clear()
        self._waits = 0

    def keep(self, mark: Any) -> None:
        self._pour()
        self._file.flush()
        os.fsync(self._file.fileno())
        told = {"asked": self._asked, "ground": asdict(self.ground), "bytes": self._size, "mark": mark}
        write_atomically(self._state, json.dumps(told), 0o600)

    def finish(self) -> tuple[int, str]:
        """Give the file its name. Returns its size in bytes and its SHA-256 in hex. Raises OSError."""
        self._pour()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.rename(self.target)
        self._file.close()
        self._state.unlink(missing_ok=True)
        sync_folder(self.target.parent)
        return self._size, self._digest.hexdigest()

    def close(self) -> None:
        """Let go of the part. What was kept stays for the next export."""
        self._file.close()
