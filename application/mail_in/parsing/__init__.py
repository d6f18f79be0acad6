"""The parser of mail: sender, words, threading, and whether a person wrote it (`intake.md`, E-mail).

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

from application.mail_in.envelope import Envelope
from application.mail_in.parsing.attachments import AttachedFile, files_of
from application.mail_in.parsing.bounces import Returned, is_report, returned_of
from application.mail_in.parsing.header_fields import label_of
from application.mail_in.parsing.headers import Head
from application.mail_in.parsing.people import Person
from application.mail_in.parsing.quoting import told_apart
from application.mail_in.parsing.structure import TooComplex, divided, head_of, whole
from application.mail_in.parsing.text import LONGEST_TEXT, text_of, undecoded
from application.mail_out.addresses import Addresses
from domain.fate import ReceiptCause

__all__ = ["LONGEST_TEXT", "AttachedFile", "Mail", "read_mail"]

_GLANCE = 65_536
"""Bytes searched for the charset of a mail."""
_TRACES = re.compile(
    rb"^(?:received|return-path|delivered-to|envelope-to|x-original-to|authentication-results|received-spf|dkim-signature"
    rb"|arc-[a-z-]+|x-spam-[a-z-]+)[ \t]*:.*\n(?:[ \t].*\n)*",
    re.IGNORECASE | re.MULTILINE,
)
"""Headers that relaying servers write."""


@dataclass(frozen=True)
class Mail:
    """A parsed mail. All of it is untrusted."""

    message_id: str = ""
    digest: str = ""
    """Digest of the body, else of the whole mail. With Message-ID and mailbox it identifies the mail."""
    sender: str | None = None
    """A valid address."""
    name: str | None = None
    alone: bool = False
    """Whether From has this address alone. Only then it can prove participation in a case."""
    subject: str = ""
    text: str = ""
    """Its own words."""
    quoted: str = ""
    """The words it quotes."""
    references: tuple[str, ...] = ()
    """Message-IDs that it answers, nearest first."""
    addressed: tuple[str, ...] = ()
    """Its recipients by the envelope, else by the headers that replace one."""
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    """The people in its To and Cc."""
    held: ReceiptCause | None = None
    """Why a person must see it before it has any effect."""
    machine: ReceiptCause | None = None
    """Why it counts as automatic. It then changes no state and opens no case."""
    returned: Returned | None = None
    """Its content as a delivery report."""
    suppressing: bool = False
    """Whether it wants no automatic mail back."""
    files: tuple[AttachedFile, ...] = ()
    left: int = 0
    """Number of attachments left in its bytes because they were too large."""

    @property
    def answerable(self) -> bool:
        """Whether an automatic answer would reach a person, is welcome, and causes no loop (RFC 3834)."""
        return not self.suppressing and self.machine is None and self.held is not ReceiptCause.LOOPING

    @property
    def words(self) -> str:
        """Its own words, or the quoted ones if it has no others."""
        return self.text or self.quoted


def read_mail(raw: bytes, envelope: Envelope, ours: Addresses) -> Mail:
    """Parse a mail. ``ours`` recognises our signed addresses. Never raises: the result says what cannot be read."""
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
    """Digest the body with normal line ends: relaying servers add headers and change line ends."""
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
