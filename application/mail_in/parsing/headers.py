"""Headers and envelope: the writer, whether they are a person, and what the mail answers (RFC 5322, 3834)."""

from __future__ import annotations

import re
from email.message import EmailMessage
from itertools import islice

from application.mail_in.envelope import Envelope
from application.mail_in.parsing.header_fields import unfolded
from application.mail_in.parsing.people import Person, people_of, writable
from application.mail_in.parsing.structure import LONGEST_LINE, names_of, said, subject_of, unparsed
from application.mail_out.addresses import LOOP_HEADER, Addresses
from domain.fate import ReceiptCause

_SOMEWHERE = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w.-]{1,189}(?![\w.-])")
_DAEMON = re.compile(r"(?:mailer-?daemon|mail-?daemon|post_?master|double-bounce)(?:@.*)?", re.IGNORECASE | re.DOTALL)
_MAILER = re.compile(r"(?:mailer-?daemon|mail-?daemon|double-bounce)(?:@.*)?", re.IGNORECASE | re.DOTALL)
_NO_REPLY = re.compile(r"(?:.*[-_.+])?(?:no|not|do[-_.]?not)[-_.]?reply(?:[-_.+].*)?@.*", re.IGNORECASE | re.DOTALL)
_BY_HAND = re.compile(r"\s*no\s*(?:[;(].*)?", re.IGNORECASE | re.DOTALL)
_ABSENT = re.compile(
    r"\s*(?:auto(?:matic|mated|matische)?[ -]?(?:reply|response|antwort)|autorespon[a-z]*"
    r"|out[ -]of[ -](?:the[ -])?office[ -](?:auto-?)?reply|vacation reply"
    r"|abwesenheitsnotiz|réponse automatique|respuesta automática)\s*:",
    re.IGNORECASE,
)
"""Subjects that only programs write. A person's answer has `Re:` before it."""
_AWAY = re.compile(r"\s*(?:out[ -]of[ -](?:the[ -])?office|vacation)\s*:", re.IGNORECASE)
"""Subjects that people write, too. In an answer they come from a program."""
_COMPLAINT = re.compile(r"complaint about message from \d", re.IGNORECASE)
"""The subject of a large provider's spam complaints, sent from a staff address."""
_ANSWERED_BY_ITSELF = frozenset(
    {
        "x-autoreply",
        "x-auto-reply",
        "x-autorespond",
        "x-autoresponder",
        "x-vacation",
        "x-apple-action",
        "x-mail-autoreply",
    }
)
_BULK = frozenset({"bulk", "list", "junk"})
_LISTED = frozenset({"list-id", "list-post", "list-unsubscribe", "x-auto-response-suppress", "mailing-list"})
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_MOST_HOPS, _MOST_REFERENCES, _MOST_ADDRESSED = 50, 20, 20
"""The hops are `intake.md`'s."""
_LONGEST_LIST, _MOST_PEOPLE = 65_536, 500
"""Most characters read of an address list, and most people kept."""
_ADDRESSED = ("delivered-to", "x-original-to", "to", "cc")


class Head:
    """The headers and envelope of a mail."""

    def __init__(self, head: EmailMessage, envelope: Envelope, ours: Addresses, label: str | None) -> None:
        self._head, self._envelope, self._ours, self._label = head, envelope, ours, label
        self._names = names_of(head)
        self.sender, self.name, self.alone = _sender(head, label)

    @property
    def message_id(self) -> str:
        """The Message-ID on one line. Empty if missing or too long to be unique."""
        written = said(self._head, "Message-ID")
        return written if len(written) < LONGEST_LINE else ""

    @property
    def subject(self) -> str:
        """The subject as people read it."""
        return subject_of(self._head, self._label)

    @property
    def content_type(self) -> str:
        """The media type that the header states; empty where it states none that can be read."""
        try:
            return self._head.get_content_type()
        except Exception:  # noqa: BLE001 - the library's parser of this header fails in many ways on what is none
            return ""

    def has(self, *names: str) -> bool:
        """Whether any of these headers has a value."""
        return any(name in self._names for name in names)

    @property
    def references(self) -> tuple[str, ...]:
        """Message-IDs of the mails that it answers, nearest first (RFC 5322, 3.6.4)."""
        parent = _MESSAGE_ID.findall(" ".join(unparsed(self._head, "In-Reply-To")))
        older = _MESSAGE_ID.findall(" ".join(value[-2_000:] for value in unparsed(self._head, "References")))
        return tuple(dict.fromkeys((*parent[:_MOST_REFERENCES], *older[::-1])))[:_MOST_REFERENCES]

    @property
    def addressed(self) -> tuple[str, ...]:
        """Its recipients by the envelope, else by the headers that replace one."""
        if self._envelope.recipients:
            return self._envelope.recipients[:_MOST_ADDRESSED]
        values = (value for name in _ADDRESSED for value in unparsed(self._head, name))
        found = (address for value in values for address in _SOMEWHERE.findall(value))
        return tuple(dict.fromkeys(found))[:_MOST_ADDRESSED]

    def people(self, name: str) -> tuple[Person, ...]:
        """Return the people in a field, each once, with members of groups."""
        written = ", ".join(unfolded(value, self._label) for value in unparsed(self._head, name, _LONGEST_LIST))
        people = {person.address.casefold(): person for person in people_of(written) if writable(person.address)}
        return tuple(islice(people.values(), _MOST_PEOPLE))

    @property
    def to_nobody(self) -> bool:
        """Whether its reverse-path is null, now or at an earlier delivery: no answer can arrive (RFC 5321, 4.5.5)."""
        return self._envelope.from_nobody or said(self._head, "Return-Path").replace(" ", "") == "<>"

    @property
    def by_daemon(self) -> bool:
        """Whether a mail system wrote it, or a postmaster, who may be a person."""
        return self._by(_DAEMON)

    @property
    def only_reports(self) -> bool:
        """Whether its sender writes delivery reports only."""
        return (self._by(_MAILER) or (self.by_daemon and self.to_nobody)) and not self.says_away

    @property
    def says_away(self) -> bool:
        """Whether its subject is that of an automatic absence reply."""
        answers = self.has("in-reply-to", "references", "x-auto-response-suppress")
        return bool(_ABSENT.match(self.subject) or (answers and _AWAY.match(self.subject)))

    def _by(self, names: re.Pattern[str]) -> bool:
        written = (value for name in ("From", "Sender", "Return-Path") for value in unparsed(self._head, name))
        addresses = {address for value in written for address in (*_SOMEWHERE.findall(value), *_bare(value))}
        return any(names.fullmatch(each) for each in (*addresses, self.sender or "", self._envelope.sender or ""))

    @property
    def from_nobody(self) -> bool:
        """Whether its From is the empty address of mail systems."""
        return said(self._head, "From").replace(" ", "").endswith("<>") and self.sender is None

    def out_of_bounds(self) -> ReceiptCause | None:
        """Why a person must look at it before it has any effect (`intake.md`, Loop limits)."""
        return ReceiptCause.LOOPING if self._names.count("received") > _MOST_HOPS else None

    def machine(self) -> ReceiptCause | None:
        """Why it counts as automatic (RFC 3834, and habits of programs that follow no RFC)."""
        submitted = "auto-submitted" in self._names and not _BY_HAND.fullmatch(said(self._head, "Auto-Submitted"))
        precedence = said(self._head, "Precedence").lower()
        by_itself = not _ANSWERED_BY_ITSELF.isdisjoint(self._names) or precedence in ("auto_reply", "auto-reply")
        manages = "x-mlserver" in self._names and (self.sender or "").partition("@")[0].lower().endswith("-admin")
        found = {
            ReceiptCause.OURS: any(map(self._ours.is_own_loop, unparsed(self._head, LOOP_HEADER))),
            ReceiptCause.AUTOMATIC: submitted or by_itself or self.says_away,
            ReceiptCause.REPORT: bool(_COMPLAINT.match(self.subject)),
            ReceiptCause.ROBOT: self.to_nobody
            or self.by_daemon
            or manages
            or bool(_NO_REPLY.fullmatch(self.sender or "")),
        }
        return next((cause for cause, applies in found.items() if applies), None)

    @property
    def suppressing(self) -> bool:
        """Whether it wants no automatic answer: list or bulk mail. People write such mails, too."""
        return said(self._head, "Precedence").lower() in _BULK or not _LISTED.isdisjoint(self._names)


def _bare(value: str) -> list[str]:
    """Return a bare name in place of an address. Next to an address it is a person's name."""
    return [] if "@" in value else [word.strip("<>") for word in value.split()[:20]]


def _sender(head: EmailMessage, label: str | None) -> tuple[str | None, str | None, bool]:
    """Return a valid address in From, its name, and whether From has no other.

    If the header is malformed, takes anything like an address in it, in Reply-To or in Sender: no mail is refused for
    its form.
    """
    fields = [unfolded(value, label) for value in unparsed(head, "From")]
    boxes = list(islice(people_of(fields[0]), _MOST_ADDRESSED)) if len(fields) == 1 else []
    named = {each.casefold() for value in fields for each in _SOMEWHERE.findall(value)}
    for name, address in boxes:
        if writable(address):
            return address, name, len(boxes) == 1 and named <= {address.casefold()}
    written = (value for name in ("From", "Reply-To", "Sender") for value in unparsed(head, name))
    found = (address.strip(".") for value in written for address in _SOMEWHERE.findall(value))
    return next((address for address in found if writable(address)), None), None, False
