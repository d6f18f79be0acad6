"""The body of a check of the whole record: what only the auditor has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.http.bodies.base import Words
from api.http.fields import such_as

_MOST, _LONGEST_NOTE = 20, 20_000
_KEY = "desk.example/70ad7e45+5a1f2b3c+BAM2X4tYb0o4dQm1rYzqz4q0v3yqZ0h6v0Q1c0f7m1Yt"
_NOTE = "desk.example/70ad7e45\n111\n6jdRu1zRGOExcZW8vypB9V9C763BTkzurptdDPieaj4=\n"
VerifierKey = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s+\x00-][^\s+\x00]*\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{10,200}$"),
    such_as(_KEY),
]
Note = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_NOTE, pattern=r"^[^\x00]+$"), such_as(_NOTE)]


class CheckBody(Words):
    """Keys and checkpoints that the auditor kept, for `verify`."""

    vkeys: list[VerifierKey] = Field(default_factory=list, max_length=_MOST)
    """Verifier keys of the log. Without any, the sealer's own folder is believed."""
    held: list[Note] = Field(default_factory=list, max_length=_MOST)
    """Checkpoints that were kept elsewhere: notes, mails or their headers."""
