"""Checkpoints that somebody held outside, read back for `verify --held`: notes, mails, headers of mails, directories."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.policy import compat32
from pathlib import Path
from typing import NamedTuple

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.note import NoteError, strict_base64

HEADER = "X-Caseledger-Checkpoint"
_LARGEST = 64 * 2**20
_GROUP = 48
"""Characters between two places where a header may be folded: the first line has its name to carry as well."""
_NAMED = re.compile(rf"\s*{HEADER}\s*:", re.IGNORECASE)


class Held(NamedTuple):
    """A copy, and where it was found."""

    where: str
    note: str


def header_value(note: str) -> str:
    """A signed note as the header of a mail carries it: base64, with spaces where it may be folded."""
    encoded = b64encode(note.encode()).decode()
    return " ".join(encoded[n : n + _GROUP] for n in range(0, len(encoded), _GROUP))


def read_held(paths: Sequence[Path]) -> list[Held]:
    """Every copy in files and directories; its form is checked, whoever signed it. Raises ValueError, OSError."""
    return [held for path in paths for held in _of_path(path)]


def notes_in(content: bytes) -> list[str]:
    """The checkpoints in a file: a signed note, a header's value with or without its name, or a mail. Raises ValueError."""
    content = content.replace(b"\r\n", b"\n")
    for read in (_note, _header):
        try:
            return [read(content)]
        except NoteError:
            continue
    return list(_of_mail(content))


def _of_path(path: Path) -> Iterator[Held]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        if not files:
            raise ValueError(f"{path} holds no checkpoints: it has no files")
    else:
        files = [path]
    for file in files:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError(f"{file} is larger than anything that holds a checkpoint")
        try:
            yield from (Held(str(file), note) for note in notes_in(content))
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None


def _note(content: bytes) -> str:
    try:
        note = content.decode()
    except UnicodeDecodeError:
        raise NoteError("this is not UTF-8") from None
    Checkpoint.of_text(note)
    return note


def _header(content: bytes) -> str:
    value = _NAMED.sub("", content.decode("ascii", "replace"), count=1)
    return _note(strict_base64("".join(value.split())))


def _of_mail(content: bytes) -> Iterator[str]:
    """From the headers of a mail, and of mails that are attached to it."""
    values = [
        str(value) for part in message_from_bytes(content, policy=compat32).walk() for value in part.get_all(HEADER, [])
    ]
    if not values:
        raise ValueError(f"this is neither a signed note nor a mail with the header {HEADER}")
    for value in values:
        try:
            yield _header(value.encode())
        except NoteError as error:
            raise ValueError(f"its header {HEADER} holds no checkpoint: {error}") from None
