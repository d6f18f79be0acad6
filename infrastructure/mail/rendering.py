"""Letters as e-mail (R-5.9b): plain text and HTML, the deadline with its time zone, headers nobody can write into."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from application.mail_in.addresses import LOOP_HEADER
from application.mail_out.letters import Letter, LetterKind
from infrastructure.transparency.verification.held_checkpoints import HEADER, header_value

_TEMPLATES = Environment(
    loader=PackageLoader("infrastructure.mail"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",), disabled_extensions=("txt.j2",), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SUBJECT = 120
"""Characters of the customer's subject that are repeated: one that fills the line helps nobody find the mail."""
_NAME = 64
_SPECIALS = str.maketrans(dict.fromkeys('()<>[]:;@\\,"=', " "))
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of all the text after them, ours included."""
_DESK = (
    ("Agency", "agency"),
    ("Help desk", "desk"),
    ("Phone", "phone"),
    ("E-mail", "email"),
    ("Hours", "hours"),
    ("Portal", "portal"),
)


def compose(letter: Letter, *, sender: str, at: datetime, checkpoint: str | None = None) -> EmailMessage:
    """The mail that carries a letter, from ``sender``, dated ``at`` (timezone-aware).

    It takes the log's ``checkpoint``, a signed note, out of our reach as well (audit.md, Held outside).
    The same letter and checkpoint at the same moment are the same mail, byte for byte. The recipient's address must
    be one that can stand on an envelope. Raises ZoneInfoNotFoundError for a time zone that does not exist.
    """
    subject = _line(letter.subject)
    said = _said(letter, subject, sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox("Service desk", sender)
    message["Reply-To"] = _mailbox("Service desk", letter.thread.reply_to)
    message["To"] = _mailbox(_name(said["name"]), letter.recipient)
    message["Subject"] = _subject(letter, subject)
    message["Date"] = at.astimezone(ZoneInfo(letter.time_zone))
    message["Message-ID"] = letter.message_id
    _thread(message, letter)
    if checkpoint is not None:
        message[HEADER] = header_value(checkpoint)
    # Quoted-printable throughout: any server passes it, and `=_` cannot occur in it, so no body can end its own part.
    boundary = "=_" + sha256(letter.message_id.encode()).hexdigest()[:32]
    message.set_content(_render(letter.kind, "txt", said), cte="quoted-printable")
    message.make_alternative(boundary=boundary)
    message.add_alternative(_render(letter.kind, "html", said), subtype="html", cte="quoted-printable")
    return message


def _thread(message: EmailMessage, letter: Letter) -> None:
    """Where it belongs, and that a machine sends it: nobody's machine shall answer (RFC 3834, 3.1.7 and 5)."""
    thread, answering = letter.thread, letter.kind is LetterKind.ACKNOWLEDGED
    if thread.answers is not None:
        message["In-Reply-To"] = thread.answers
    message["References"] = " ".join(filter(None, (thread.root, thread.answers)))
    message["Auto-Submitted"] = "auto-replied" if answering else "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message[LOOP_HEADER] = thread.desk
    if answering:  # what older programs look at; a letter that somebody waits for shall not be sorted away by it
        message["Precedence"] = "bulk"


def deadline_text(deadline: datetime, time_zone: str) -> str:
    """A moment in words, e.g. `Friday, 27 November 2026, 08:03 CST (America/Chicago)`.

    Seconds are dropped: what we promise is never later than the window (R-5.9b). The name of the time in force
    tells the two 01:30 of an autumn night apart.
    """
    local = deadline.astimezone(ZoneInfo(time_zone))
    name = local.strftime("%Z")
    if not name.isalpha():  # a zone without a name of its own says -03
        name = "UTC" + local.isoformat()[-6:]
    day = f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} {name} ({time_zone})"


def _said(letter: Letter, subject: str, sender: str) -> dict[str, Any]:
    """Values for the templates. An acknowledgement's address is unverified: it must not carry the sender's words."""
    return {
        "case": letter.case,
        "name": "" if letter.kind is LetterKind.ACKNOWLEDGED else _line(letter.name),
        "subject": subject,
        "solution": _lines(letter.solution),
        "workaround": letter.workaround,
        "deadline": deadline_text(letter.deadline, letter.time_zone) if letter.deadline else None,
        "dispute_url": letter.dispute_url,
        "follow_url": letter.follow_url,
        "help_desk": _desk(letter.help_desk or {}),
        "continued_as": letter.continued_as,
        "question": _lines(letter.question),
        "monitoring": letter.monitoring,
        "sender": sender,
    }


def _render(kind: LetterKind, form: str, said: Mapping[str, Any]) -> str:
    return _TEMPLATES.get_template(f"{kind}.{form}.j2").render(said)


def _desk(entry: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return [(label, line) for label, key in _DESK if (line := _line(entry.get(key)))]


def _subject(letter: Letter, subject: str) -> str:
    if letter.kind is LetterKind.ACKNOWLEDGED:  # nor does its subject
        return f"[{letter.thread.token}] Received"
    what = {
        LetterKind.RESOLVED: "Resolved",
        LetterKind.REFERRED: "Referred",
        LetterKind.QUESTION: "Question",
        LetterKind.CONTINUED: f"Continued as {letter.continued_as}",
    }[letter.kind]
    if len(subject) > _SUBJECT:
        subject = subject[: _SUBJECT - 3].rstrip() + "..."
    # `=?` opens an encoded word (RFC 2047): left whole, the customer's would be decoded into our header.
    return f"[{letter.thread.token}] {what}" + (f": {subject}" if subject else "").replace("=?", "= ?")


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _name(name: str | None) -> str:
    """A display name without the marks that mean something in an address: they are dropped, not quoted."""
    return _line(_line(name).translate(_SPECIALS))[:_NAME].rstrip()


def _line(text: str | None) -> str:
    """Text on one line: every break and control character is a space, runs of them are one."""
    return " ".join("".join(map(_shown, text or "")).split())


def _lines(text: str | None) -> list[str]:
    """Text as lines without control characters; what follows a tab keeps its distance."""
    kept = (line.expandtabs(4) for line in (text or "").strip().splitlines())
    return ["".join(map(_shown, line)).rstrip() for line in kept]


def _shown(character: str) -> str:
    return " " if category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS else character
