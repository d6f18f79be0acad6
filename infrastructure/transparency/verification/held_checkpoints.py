"""Reads checkpoints that were held outside, for `verify --held`: notes, mails, headers of mails, directories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.policy import compat32
from pathlib import Path
from typing import NamedTuple

from infrastructure.transparency.formats.checkpoint import Checkpoint
from infrastructure.transparency.formats.mail_header import HEADER
from infrastructure.transparency.formats.note import NoteError, strict_base64

_LARGEST = 64 * 2**20
_NAMED = re.compile(rf"\s*{HEADER}\s*:", re.IGNORECASE)


class Held(NamedTuple):
    """A checkpoint, and where it was found."""

    where: str
    note: str


def read_held(paths: Sequence[Path]) -> list[Held]:
    """Every checkpoint in files and directories. Signatures are not checked. Raises ValueError, OSError."""
    return [held for path in paths for held in _of_path(path)]


def notes_in(content: bytes) -> list[str]:
    """The checkpoints in a file: a signed note, a header with or without its name, or a mail. Raises ValueError."""
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
            raise ValueError(f"{path} holds no checkpoints: it is empty")
    else:
        files = [path]
    for file in files:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError(f"{file} is too large to hold a checkpoint")
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
    """The checkpoints in the headers of a mail, and of the mails attached to it."""
    values = [
        str(value) for part in message_from_bytes(content, policy=compat32).walk() for value in part.get_all(HEADER, [])
    ]
    if not values:
        raise ValueError(f"this is neither a signed note nor a mail with the header {HEADER}")
    for value in values:
        try:
            yield _header(value.encode())
        except NoteError as error:
            raise ValueError(f"the header {HEADER} holds no checkpoint: {error}") from None
