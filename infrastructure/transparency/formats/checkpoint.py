"""Checkpoints (C2SP tlog-checkpoint): a log's size and root in a signed note."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from infrastructure.transparency.formats.note import NoteError, Verifier, open_note, parse_note, strict_base64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The first ``size`` leaves of the log ``origin`` have this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """A checkpoint from the text of a note. Lines after the third are ignored. Raises NoteError."""
        origin, size, root, *more = [*text.removesuffix("\n").split("\n"), "", ""]
        raw = strict_base64(root)
        if not origin or _SIZE.fullmatch(size) is None or len(raw) != 32 or "" in more[:-2]:
            raise NoteError("the note is no checkpoint: origin, size, root")
        return cls(origin, int(size), raw)

    @classmethod
    def of_text(cls, note: str) -> Checkpoint:
        """The checkpoint of a signed note; its signatures are not checked. Raises NoteError."""
        return cls.parse(parse_note(note).text)


def open_checkpoint(given: str | bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint of a note that a key of its log signed (C2SP tlog-checkpoint: key name = origin). Raises NoteError."""
    claimed = Checkpoint.parse(parse_note(given).text).origin
    own = [verifier for verifier in verifiers if verifier.name == claimed]
    if not own:
        raise NoteError(f"no key of the log {claimed} is known")
    return Checkpoint.parse(open_note(given, own).text)
