"""What is attached to a mail: its bytes, and what it says of them. What they are is found out by whoever stores them."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import cast

from application.intake.reading.anatomy import content_of, own_parts, plain

LARGEST_IN_ALL = 25 * 2**20
"""Bytes of all attachments of a mail."""
_LONGEST_NAME = 200
_UNNAMED = {"message/rfc822": "message.eml", "text/calendar": "invitation.ics"}


@dataclass(frozen=True)
class AttachedFile:
    """One attachment as it came. Its name and type are its sender's words: hostile."""

    name: str
    said_type: str
    content: bytes


def files_of(message: EmailMessage) -> tuple[tuple[AttachedFile, ...], int]:
    """The attachments, and how many were left in the mail's own bytes since all together are too large."""
    files: list[AttachedFile] = []
    size = left = 0
    for part in own_parts(message):
        if not _is_attached(part):
            continue
        content = _content(part)
        if not content:
            continue
        size += len(content)
        if size > LARGEST_IN_ALL:
            left += 1
            continue
        kind = part.get_content_type()
        files.append(AttachedFile(_name(part) or _UNNAMED.get(kind, "attachment"), kind, content))
    return tuple(files), left


def _is_attached(part: EmailMessage) -> bool:
    return part.is_attachment() or part.get_content_maintype() not in ("text", "multipart") or bool(_name(part))


def _content(part: EmailMessage) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):  # a mail inside the mail
        return b"".join(_whole(inner) for inner in cast("list[EmailMessage]", payload)[:1])
    return content_of(part)


def _whole(inner: EmailMessage) -> bytes:
    try:
        return bytes(inner)
    except Exception:  # noqa: BLE001 - a mail that can be read and not be written again: its bytes are in the outer one
        return b""


def _name(part: EmailMessage) -> str:
    """The file's name without a path, on one line."""
    try:
        said = str(part.get_filename() or "")
    except Exception:  # noqa: BLE001 - the library's decoder of names fails in many ways on what is none
        return ""
    return " ".join(plain(said).replace("\\", "/").rpartition("/")[2].split())[-_LONGEST_NAME:].strip(". ")
