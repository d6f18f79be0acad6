"""Checkpoints (C2SP tlog-checkpoint): how large a log is and what its root is, in a signed note."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from infrastructure.transparency.formats.note import NoteError, Verifier, open_note, parse_note, strict_base64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The first ``size`` leaves of the log ``origin`` have the root ``root``."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """As it is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """From the text of a note; lines after the third are passed over. Raises NoteError."""
        origin, size, root, *more = [*text.removesuffix("\n").split("\n"), "", ""]
        raw = strict_base64(root)
        if not origin or _SIZE.fullmatch(size) is None or len(raw) != 32 or "" in more[:-2]:
            raise NoteError("the note is no checkpoint: origin, size, root")
        return cls(origin, int(size), raw)

    @classmethod
    def of_text(cls, note: str) -> Checkpoint:
        """What a signed note says, whoever signed it. Raises NoteError."""
        return cls.parse(parse_note(note).text)


def open_checkpoint(given: str | bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    """A checkpoint whose signature is checked; the key's name is the log's (C2SP tlog-checkpoint). Raises NoteError."""
    claimed = Checkpoint.parse(parse_note(given).text).origin
    own = [verifier for verifier in verifiers if verifier.name == claimed]
    if not own:
        raise NoteError(f"no key of the log {claimed} is known")
    return Checkpoint.parse(open_note(given, own).text)
