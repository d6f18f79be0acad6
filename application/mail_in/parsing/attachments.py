"""Attachments of a mail: bytes, declared name and type. The code that stores them checks the type."""

from __future__ import annotations

from dataclasses import dataclass

from application.cases.attachments import harmless_name, unique_name
from application.mail_in.parsing.header_fields import label_of
from application.mail_in.parsing.structure import Part, head_of, leaves_of, plain, subject_of
from application.mail_in.parsing.text import is_text

LARGEST_IN_ALL = 25 * 2**20
"""Most bytes of all attachments of a mail together."""
_LONGEST_NAME = 200
_GLANCE = 65_536
_MAILS = frozenset({"message/rfc822", "message/global", "message/news"})
_UNNAMED = {
    "text/calendar": "invitation.ics",
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "text/rtf": "attachment.rtf",
    "application/pdf": "attachment.pdf",
    "image/svg+xml": "image.svg",
    **{f"image/{kind}": f"image.{kind}" for kind in ("gif", "png", "webp", "bmp", "tiff", "heic")},
    **dict.fromkeys(("image/jpeg", "image/jpg", "image/pjpeg"), "image.jpg"),
}
"""Names for files without one, by declared type."""


@dataclass(frozen=True)
class AttachedFile:
    """One attachment as received. Its name and type are untrusted."""

    name: str
    said_type: str
    content: bytes
    content_id: str | None = None
    """Content-ID by which the mail's HTML refers to it (RFC 2392)."""


def files_of(message: Part) -> tuple[tuple[AttachedFile, ...], int]:
    """Return the attachments, and how many were left in the mail because together they are too large.

    Names are unique. An enclosed mail is one file, with its bytes unchanged.
    """
    files: list[AttachedFile] = []
    taken: set[str] = set()
    size = left = 0
    for part in leaves_of(message):
        if is_text(part) or part.kind.startswith("multipart/"):
            continue
        content = part.content
        if not content:
            continue
        size += len(content)
        if size > LARGEST_IN_ALL:
            left += 1
            continue
        name = unique_name(_name(part, content), taken)
        files.append(AttachedFile(name, part.kind, content, part.content_id or None))
    return tuple(files), left


def _name(part: Part, content: bytes) -> str:
    """Return the file's name without a path. An enclosed mail without a name takes its subject."""
    named = " ".join(part.name.replace("\\", "/").rpartition("/")[2].split())[-_LONGEST_NAME:].strip(". ")
    if named:
        return harmless_name(named)
    if part.kind in _MAILS:
        return harmless_name(f"{_subject(content) or 'message'}.eml")
    return _UNNAMED.get(part.kind, "attachment")


def _subject(content: bytes) -> str:
    try:
        said = subject_of(head_of(content), label_of(content[:_GLANCE]))
    except Exception:  # noqa: BLE001 - whatever the parser stumbled over, a name is not worth a mail
        return ""
    return plain(said.replace("/", " ").replace("\\", " "), 100)
