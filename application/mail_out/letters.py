"""Letters about a case (SOP 5.1, 5.3, 5.6, 5.9) and with reports: their content, and the port that delivers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from domain.schedule import Form


class LetterKind(StrEnum):
    """The occasion of a letter."""

    ACKNOWLEDGED = "acknowledged"
    """The customer opened the case themselves: nobody has told them its number yet."""
    RESOLVED = "resolved"
    REFERRED = "referred"
    CONTINUED = "continued"
    """The case was a duplicate: its first case continues for both (R-5.6c)."""
    QUESTION = "question"
    """A question: the case waits for the customer's answer."""
    ESCALATED = "escalated"
    """A breached target, to the staff whom the policy names."""
    REPORT = "report"
    """An issue of a scheduled report, to those whom the policy names."""


@dataclass(frozen=True)
class Thread:
    """Headers that thread a case's letters, and identify replies and bounces."""

    root: str | None
    """The Message-ID that every letter of the case refers to (RFC 5322, 3.6.4); None without a case."""
    token: str
    """The signed case number, for the subject; empty without a case."""
    reply_to: str
    """Reply address for this customer and this case; without a case the desk's."""
    bounces_to: str | None
    """Envelope sender of this letter alone (VERP). None for the null reverse-path: no bounces (RFC 3834, 3.3)."""
    desk: str
    """Marks this desk's own letters, so that it recognises them if they come back."""
    answers: str | None = None
    """The Message-ID of the mail that it answers. Its writer chose it: untrusted."""


@dataclass(frozen=True)
class EnclosedReport:
    """An issue of a scheduled report."""

    schedule: str
    period: str
    form: Form
    """What the letter carries: the table in its text, else a file."""
    document: Mapping[str, Any]
    """The report, as `GET /reports/{name}` answers it."""


@dataclass(frozen=True)
class Letter:
    """One complete letter about one case, or with one report. Delivery needs no look-ups.

    Raises ValueError for a letter that the SOP forbids: resolved or referred without a deadline (R-5.9b), referred
    without the other desk (R-5.3c), continued without the other case (R-5.6c), acknowledged without its link, a
    question without words, escalated without a target, or without its report.
    """

    kind: LetterKind
    message_id: str
    """`<id@domain>` (RFC 5322, 3.6.4). The same at every attempt, so that readers detect a repetition."""
    case: str
    """Its number; empty in a letter with a report."""
    thread: Thread
    recipient: str
    """An e-mail address, as the customer gave it."""
    name: str | None
    subject: str | None
    """The customer's own words: untrusted, like `solution`."""
    solution: str | None
    workaround: bool
    deadline: datetime | None
    """End of the dispute window, timezone-aware. None if the case has no window of its own."""
    time_zone: str
    """IANA name of the zone in which the letter gives the deadline."""
    dispute_url: str | None
    follow_url: str | None
    """Link to the customer's case. It opens the case to anybody, so it goes only to the customer's own address."""
    help_desk: Mapping[str, str | None] | None
    """The other desk's `agency`, `desk`, `phone`, `email`, `hours`, `portal`."""
    continued_as: str | None
    question: str | None = None
    """The desk's question, in staff's words."""
    monitoring: bool = False
    """The recipient is the service's owner: no person reported the case (R-5.9g)."""
    breached: Sequence[tuple[str, datetime]] = ()
    """The targets that the case has missed: `respond` or `resolve`, and the due time, timezone-aware."""
    report: EnclosedReport | None = None

    def __post_init__(self) -> None:
        if self.deadline is not None and self.deadline.tzinfo is None:
            raise ValueError("the deadline needs a time zone")
        content, rule = {
            LetterKind.ACKNOWLEDGED: (self.follow_url, "an acknowledgement carries the link that follows the case"),
            LetterKind.QUESTION: (self.question, "the letter must carry its question"),
            LetterKind.ESCALATED: (self.breached, "the letter must name the target that was missed"),
            LetterKind.REPORT: (self.report, "the letter must carry its report"),
            LetterKind.CONTINUED: (self.continued_as, "a continued case names the one it is continued as (R-5.6c)"),
        }.get(self.kind, (self.deadline, "the letter must tell the deadline (R-5.9b)"))
        if not content:
            raise ValueError(rule)
        if self.kind is LetterKind.REFERRED and self.help_desk is None:
            raise ValueError("a referral tells how to reach the other desk (R-5.3c)")


class Deferred(Exception):
    """Temporary failure: try again later."""


class Refused(Exception):
    """Permanent failure at this address: inform the customer by other means (R-5.9g)."""


@dataclass(frozen=True)
class Sent:
    """A letter that a mail server accepted. The dispute window runs from this moment (R-5.9d)."""

    raw: str
    """The message as sent (RFC 5322, CRLF). Personal data."""
    reply: str
    """The server's answer without the recipient's address: fit for the record."""


class Postman(Protocol):
    """Carries letters."""

    async def deliver(self, letter: Letter) -> Sent:
        """Deliver a letter. Returns after a server accepted it. Raises Deferred, Refused.

        Their messages do not contain the recipient's address, so an event may keep them.
        """
        ...
