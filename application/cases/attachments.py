"""Attachments of a case: checked on entry, kept in the vault, served only to readers who may see them.

Content alone decides a file's media type, never its declared type. Names are made harmless. Nothing is unpacked or
rendered here.
"""

from __future__ import annotations

import asyncio
import codecs
import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import filetype  # type: ignore[import-untyped]

from application.cases.records import CaseRecords
from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.terms import Attachment
from domain.errors import (
    AttachmentRefused,
    AttachmentsFull,
    AttachmentTooLarge,
    DomainError,
    Erased,
    Invalid,
    NotFound,
)
from domain.policy import Policy
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Role

UNKNOWN, TEXT, MAIL = "application/octet-stream", "text/plain", "message/rfc822"
_MAILS = frozenset({MAIL, "message/global", "message/news"})
_NAMELESS = "attachment"
_LONGEST_NAME, _LONGEST_ENDING = 150, 16
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_PROGRAMS = (
    (b"#!", "application/x-shellscript"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
)
"""First bytes of programs that the library does not recognise."""
_HEADER = re.compile(rb"\s*(?:From [^\r\n]*\r?\n)?[!-9;-~]{1,80}[ \t]*:")
"""First bytes of a mail."""
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
_PIECE = 65_536


@dataclass(frozen=True)
class File:
    """A file as submitted."""

    name: str
    media_type: str
    """The media type that its sender declares. A declared type can only lead to refusal."""
    content: bytes
    content_id: str | None = None
    """Content-ID by which the HTML of its mail refers to it (RFC 2392)."""


class Attachments:
    """Files on cases."""

    def __init__(self, runner: CommandRunner, records: CaseRecords) -> None:
        self._runner, self._records = runner, records

    async def attach(
        self, number: str, files: Sequence[File], visible_to_customer: bool, request: Request
    ) -> Committed:
        """Add files to a case in any state. Customers see their own files.

        Raises Forbidden, NotFound, AttachmentTooLarge, AttachmentRefused, AttachmentsFull, Invalid.
        """

        async def decide(case: Case, on: Attempt) -> None:
            visible = visible_to_customer or request.actor.role is Role.CUSTOMER
            # In a thread: it reads and hashes megabytes.
            await asyncio.to_thread(keep_files, case, files, on, visible_to_customer=visible)
            take_answer(case, on)

        return await self._runner.on_case("attach", number, request, decide)

    async def of_case(self, number: str, actor: Actor) -> tuple[Case, list[Attachment]]:
        """Return a case and those of its files that the caller may see. Raises Forbidden, NotFound."""
        case = await self._records.case(number, actor)
        return case, [each for each in case.attachments if shown_to(each, actor.role)]

    async def open(self, number: str, digest: str, actor: Actor) -> tuple[Attachment, AsyncIterator[bytes]]:
        """Return a file and its content in pieces. Raises Forbidden, NotFound, Erased."""
        case, shown = await self.of_case(number, actor)
        found = next((each for each in shown if each.said.digest == digest), None)
        if found is None:
            raise NotFound(f"{number} has no such attachment.")
        if found.said.value is None:
            raise Erased("This attachment is erased.")
        return found, self._runner.register.content(case.id, found.version, digest)


def take_answer(case: Case, on: Attempt) -> None:
    """Record a customer's addition as their answer if the case waits for them (5.8)."""
    provenance = on.provenance
    if provenance.by.role is Role.CUSTOMER and case.awaits_answer_of(provenance.at):
        answered = on.through(on.channel or Channel.SELF_SERVICE)
        case.answered(case.version, on.policy, answered.provenance)


def keep_files(case: Case, files: Sequence[File], on: Attempt, *, visible_to_customer: bool) -> None:
    """Record files on a case. The commit stores them.

    Raises AttachmentTooLarge, AttachmentRefused, AttachmentsFull, Invalid, InvalidTransition.
    """
    said = [_disclosed(case, file, check_file(file, on.policy), on) for file in files]
    case.attach(said, on.policy, on.provenance, visible_to_customer=visible_to_customer)


def keep_what_may_be(
    case: Case, files: Sequence[File], on: Attempt, *, visible_to_customer: bool
) -> list[tuple[File, DomainError]]:
    """Record the files that the policy accepts. Returns the others, each with its error: no file of a mail is lost."""
    taken, refused, size = list[File](), list[tuple[File, DomainError]](), 0
    for file in files:
        try:
            check_file(file, on.policy)
            case.require_room(len(taken) + 1, size + len(file.content), on.policy)
        except (AttachmentTooLarge, AttachmentRefused, AttachmentsFull, Invalid) as error:
            refused.append((file, error))
        else:
            taken.append(file)
            size += len(file.content)
    if taken:
        keep_files(case, taken, on, visible_to_customer=visible_to_customer)
    return refused


def _disclosed(case: Case, file: File, media_type: str, on: Attempt) -> Disclosure:
    said = Disclosure.of(
        case.customer,
        DisclosureKind.ATTACHMENT,
        {
            "name": harmless_name(file.name),
            "type": media_type,
            "size": len(file.content),
            "sha256": sha256(file.content).hexdigest(),
            "content_id": file.content_id,
        },
        on.random,
        file.content,
    )
    assert said is not None
    return said


def shown_to(attachment: Attachment, reader: Role) -> bool:
    """Whether a reader of the case may see the file."""
    return reader is not Role.CUSTOMER or attachment.visible_to_customer


def check_file(file: File, policy: Policy) -> str:
    """Return the media type by content. Raises AttachmentTooLarge, AttachmentRefused, Invalid for an empty file."""
    if len(file.content) > policy.attachment_size:
        raise AttachmentTooLarge(f"An attachment has at most {policy.attachment_size} bytes.")
    if not file.content:
        raise Invalid("An attachment cannot be empty.", "")
    media_type, ending = type_of(file.content, file.media_type), harmless_name(file.name).rpartition(".")[2].casefold()
    if ending in policy.refused_endings:
        raise AttachmentRefused(f"The desk takes no files whose names end in .{ending}.")
    for refused in (media_type, file.media_type.partition(";")[0].strip().casefold()):
        if refused in policy.refused_types:
            raise AttachmentRefused(f"The desk takes no files of the type {refused}.")
    return media_type


def type_of(content: bytes, said: str = "") -> str:
    """Return the media type by the first bytes: one that the library knows, text, or unknown.

    Mail has no signature of its own: it counts as mail if ``said`` declares it so and it begins as mails do.
    """
    for beginning, program in _PROGRAMS:
        if content.startswith(beginning):
            return program
    try:
        known: str | None = filetype.guess_mime(content[:8_192])
    except Exception:  # noqa: BLE001 - what confuses a guess is no more than unknown
        known = None
    if known is None and said.partition(";")[0].strip().casefold() in _MAILS and _HEADER.match(content[:8_192]):
        return MAIL
    return known or (TEXT if _is_text(content) else UNKNOWN)


def _is_text(content: bytes) -> bool:
    """Whether it is UTF-8 without control characters. Decodes in pieces: decoded text may be four times as large."""
    if _CONTROL.search(content):
        return False
    decoder, file = codecs.getincrementaldecoder("utf-8")(), BytesIO(content)
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def harmless_name(given: str) -> str:
    """Return the name without path, invisible characters and bidirectional controls, cut to a length files can have."""
    last = unicodedata.normalize("NFC", given[-4_096:]).replace("\\", "/").rpartition("/")[2]
    seen = "".join(" " if sign.isspace() else sign for sign in last if sign.isspace() or _can_be_seen(sign))
    name = "".join("_" if sign in '<>:"|?*' else sign for sign in " ".join(seen.split())).strip(". ")
    if len(name) > _LONGEST_NAME:
        stem, _, ending = name.rpartition(".")
        ending = f".{ending}" if stem and len(ending) <= _LONGEST_ENDING else ""
        name = name[: _LONGEST_NAME - len(ending)].rstrip(". ") + ending
    return f"_{name}" if name.partition(".")[0].casefold() in _RESERVED else name or _NAMELESS


def unique_name(name: str, taken: set[str]) -> str:
    """Return a unique name, numbered before its ending; case does not count. Adds the name to ``taken``."""
    stem, point, ending = name.rpartition(".")
    stem, ending = (stem, point + ending) if stem else (name, "")
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{stem}-{number}{ending}"
    taken.add(found.casefold())
    return found


def _can_be_seen(sign: str) -> bool:
    return not unicodedata.category(sign).startswith("C")
