"""What a mail is: who wrote it, what it says, what it answers, and whether a person wrote it (`intake.md`, E-mail).

structure      headers and parts, within bounds
charsets       bytes as text, by the label of their charset
header_fields  header fields as text
people         the people that a field names
headers        who, whether a person, and what it answers
bounces        mails that came back
text           the words of its parts, of HTML too
quoting        its own words and those it repeats
attachments    its files
intent         what an answer to a resolution wants
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256

from application.mail_in.addresses import Addresses
from application.mail_in.envelope import Envelope
from application.mail_in.parsing.attachments import AttachedFile, files_of
from application.mail_in.parsing.bounces import Returned, is_report, returned_of
from application.mail_in.parsing.header_fields import label_of
from application.mail_in.parsing.headers import Head
from application.mail_in.parsing.people import Person
from application.mail_in.parsing.quoting import told_apart
from application.mail_in.parsing.structure import TooComplex, divided, head_of, whole
from application.mail_in.parsing.text import LONGEST_TEXT, text_of, undecoded
from domain.fate import ReceiptCause

__all__ = ["LONGEST_TEXT", "AttachedFile", "Mail", "read_mail"]

_GLANCE = 65_536
"""Bytes that the charset of a mail is looked for in."""
_TRACES = re.compile(
    rb"^(?:received|return-path|delivered-to|envelope-to|x-original-to|authentication-results|received-spf|dkim-signature"
    rb"|arc-[a-z-]+|x-spam-[a-z-]+)[ \t]*:.*\n(?:[ \t].*\n)*",
    re.IGNORECASE | re.MULTILINE,
)
"""What servers on the way write."""


@dataclass(frozen=True)
class Mail:
    """A mail as read. Everything it says is its sender's word."""

    message_id: str = ""
    digest: str = ""
    """Of its body where it has one, else of all of it: with its id and the mailbox it is its identity."""
    sender: str | None = None
    """An address that can be written to."""
    name: str | None = None
    alone: bool = False
    """Whether that is the one address it is from: only then it says who takes part in a case."""
    subject: str = ""
    text: str = ""
    """Its own words."""
    quoted: str = ""
    """The words it repeats."""
    references: tuple[str, ...] = ()
    """The Message-IDs that it answers, the nearest first."""
    addressed: tuple[str, ...] = ()
    """Where it was delivered: by the envelope, else by what stands in for one."""
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    """The people it was written to, as its header names them."""
    held: ReceiptCause | None = None
    """Why a person must see it before anything follows from it."""
    machine: ReceiptCause | None = None
    """Why no person wrote it: then it changes no state and opens no case."""
    returned: Returned | None = None
    """What it tells of a mail that came back."""
    suppressing: bool = False
    """Whether it wants no automatic mail back."""
    files: tuple[AttachedFile, ...] = ()
    left: int = 0
    """Attachments that were too large to be taken out of its bytes."""

    @property
    def answerable(self) -> bool:
        """Whether an automatic answer reaches a person, wanted, and feeds no loop (RFC 3834)."""
        return not self.suppressing and self.machine is None and self.held is not ReceiptCause.LOOPING

    @property
    def words(self) -> str:
        """What is said, or repeated where that is all."""
        return self.text or self.quoted


def read_mail(raw: bytes, envelope: Envelope, ours: Addresses) -> Mail:
    """Read a mail; ``ours`` are the addresses that only we can have written. Never raises: what cannot be read says so."""
    try:
        head = Head(head_of(raw), envelope, ours, label_of(raw[:_GLANCE]))
        mail = Mail(
            head.message_id,
            _digest(raw, head.message_id),
            head.sender,
            head.name,
            head.alone,
            head.subject,
            references=head.references,
            addressed=head.addressed,
            to=head.people("To"),
            cc=head.people("Cc"),
            held=head.out_of_bounds(),
            machine=head.machine() or (ReceiptCause.REPORT if is_report(head) else None),
            suppressing=head.suppressing,
        )
    except Exception:  # noqa: BLE001 - whatever the parser stumbled over, the bytes are kept and a person looks
        return Mail(digest=sha256(raw).hexdigest(), text=undecoded(raw), held=ReceiptCause.UNREADABLE)
    try:
        return _read_body(mail, head, raw, ours.domain)
    except TooComplex:
        return replace(mail, text=undecoded(raw), held=ReceiptCause.TOO_COMPLEX)
    except Exception:  # noqa: BLE001 - idem
        return replace(mail, text=undecoded(raw), held=ReceiptCause.UNREADABLE)


def _digest(raw: bytes, message_id: str) -> str:
    """Servers on the way add headers, and change how lines end."""
    head, body = (part.replace(b"\r\n", b"\n") for part in divided(raw))
    said = body.strip()
    if message_id and said:
        return sha256(said).hexdigest()
    written = _TRACES.sub(b"", head + b"\n") + b"\n" + said
    return sha256(written if written.strip() else raw).hexdigest()


def _read_body(mail: Mail, head: Head, raw: bytes, domain: str) -> Mail:
    message = whole(raw)
    files, left = files_of(message)
    text = text_of(message, {each.content_id: each.name for each in files if each.content_id})
    returned = returned_of(head, message, text or undecoded(raw), raw, domain)
    said = told_apart(text)
    held = mail.held or (ReceiptCause.NO_SENDER if mail.sender is None and not (mail.machine or returned) else None)
    return replace(
        mail,
        text=said.text,
        quoted=said.quoted,
        returned=returned,
        machine=mail.machine or (ReceiptCause.REPORT if returned else None),
        files=files,
        left=left,
        held=held,
    )
