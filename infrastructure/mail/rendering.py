"""Letters as e-mail (R-5.9b): plain text and HTML, the deadline with its time zone, headers safe from injection."""

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

from application.mail_out.addresses import LOOP_HEADER
from application.mail_out.letters import Letter, LetterKind
from infrastructure.mail.enclosures import enclosed_file, shown
from infrastructure.transparency.formats.mail_header import HEADER, header_value

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
"""Characters of the customer's subject that are repeated."""
_NAME = 64
_SPECIALS = str.maketrans(dict.fromkeys('()<>[]:;@\\,"=', " "))
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that change the direction of all text after them, also of ours."""
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

    A header carries the log's ``checkpoint``, a signed note, out of our reach (audit.md, Held outside). The same letter,
    checkpoint and moment give the same bytes. The recipient's address must fit an envelope. Raises ZoneInfoNotFoundError
    for an unknown time zone.
    """
    subject = _line(letter.subject)
    values = _values(letter, subject, sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox("Service desk", sender)
    message["Reply-To"] = _mailbox("Service desk", letter.thread.reply_to)
    message["To"] = _mailbox(_name(values["name"]), letter.recipient)
    message["Subject"] = _subject(letter, subject)
    message["Date"] = at.astimezone(ZoneInfo(letter.time_zone))
    message["Message-ID"] = letter.message_id
    _thread(message, letter)
    if checkpoint is not None:
        message[HEADER] = header_value(checkpoint)
    # Quoted-printable: every server passes it, and it cannot contain `=_`, so no body can end its own part.
    boundary = "=_" + sha256(letter.message_id.encode()).hexdigest()[:32]
    message.set_content(_render(letter.kind, "txt", values), cte="quoted-printable")
    message.make_alternative(boundary=boundary)
    message.add_alternative(_render(letter.kind, "html", values), subtype="html", cte="quoted-printable")
    file = enclosed_file(letter.report) if letter.report else None
    if file is not None:
        message.make_mixed(boundary=f"{boundary}_")
        main, _, sub = file.kind.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    return message


def _thread(message: EmailMessage, letter: Letter) -> None:
    """Set the headers of the thread, and those that keep machines from answering (RFC 3834, 3.1.7 and 5)."""
    thread, answering = letter.thread, letter.kind is LetterKind.ACKNOWLEDGED
    if thread.answers is not None:
        message["In-Reply-To"] = thread.answers
    if references := " ".join(filter(None, (thread.root, thread.answers))):
        message["References"] = references
    message["Auto-Submitted"] = "auto-replied" if answering else "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message[LOOP_HEADER] = thread.desk
    if answering:  # for older programs; not in letters that somebody waits for, since it may sort them away
        message["Precedence"] = "bulk"


def deadline_text(deadline: datetime, time_zone: str) -> str:
    """A moment in words, such as `Friday, 27 November 2026, 08:03 CST (America/Chicago)`.

    Seconds are dropped, so that the promise is never later than the window (R-5.9b). The abbreviation of the time in force
    tells apart the two 01:30 of an autumn night.
    """
    local = deadline.astimezone(ZoneInfo(time_zone))
    name = local.strftime("%Z")
    if not name.isalpha():  # a zone without an abbreviation says -03
        name = "UTC" + local.isoformat()[-6:]
    day = f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} {name} ({time_zone})"


def _values(letter: Letter, subject: str, sender: str) -> dict[str, Any]:
    """The values for the templates. Nobody has proved the address of an acknowledgement, so it repeats no words."""
    return {
        "case": letter.case or (letter.report.schedule if letter.report else ""),
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
        "breached": [(kind, deadline_text(due_at, letter.time_zone)) for kind, due_at in letter.breached],
        "sender": sender,
        "enclosed": shown(letter.report) if letter.report else None,
    }


def _render(kind: LetterKind, form: str, values: Mapping[str, Any]) -> str:
    return _TEMPLATES.get_template(f"{kind}.{form}.j2").render(values)


def _desk(entry: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return [(label, line) for label, key in _DESK if (line := _line(entry.get(key)))]


def _subject(letter: Letter, subject: str) -> str:
    if letter.report is not None:
        return f"Report {letter.report.schedule}: {letter.report.document['report']}, {letter.report.period}"
    if letter.kind is LetterKind.ACKNOWLEDGED:  # repeats no words
        return f"[{letter.thread.token}] Received"
    what = {
        LetterKind.RESOLVED: "Resolved",
        LetterKind.REFERRED: "Referred",
        LetterKind.QUESTION: "Question",
        LetterKind.ESCALATED: "Overdue",
        LetterKind.CONTINUED: f"Continued as {letter.continued_as}",
    }[letter.kind]
    if len(subject) > _SUBJECT:
        subject = subject[: _SUBJECT - 3].rstrip() + "..."
    # `=?` begins an encoded word (RFC 2047): a customer's would be decoded into our header.
    return f"[{letter.thread.token}] {what}" + (f": {subject}" if subject else "").replace("=?", "= ?")


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _name(name: str | None) -> str:
    """A display name without the characters that have a meaning in addresses."""
    return _line(_line(name).translate(_SPECIALS))[:_NAME].rstrip()


def _line(text: str | None) -> str:
    """Text on one line: breaks and control characters become spaces, and runs of spaces one."""
    return " ".join("".join(map(_shown, text or "")).split())


def _lines(text: str | None) -> list[str]:
    """Text as lines without control characters. Tabs become spaces."""
    kept = (line.expandtabs(4) for line in (text or "").strip().splitlines())
    return ["".join(map(_shown, line)).rstrip() for line in kept]


def _shown(character: str) -> str:
    return " " if category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS else character
