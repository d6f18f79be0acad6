"""The letters a desk owes about a case (SOP 5.1, 5.3, 5.6, 5.9): what they say, and who carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class LetterKind(StrEnum):
    """What has become of the case."""

    ACKNOWLEDGED = "acknowledged"
    """Its customer opened it themselves: nobody has told them its number yet."""
    RESOLVED = "resolved"
    REFERRED = "referred"
    CONTINUED = "continued"
    """It was a duplicate: its first case goes on for both (R-5.6c)."""
    QUESTION = "question"
    """The case waits for the customer's answer to it."""


@dataclass(frozen=True)
class Thread:
    """How a letter stands among the others of its case, and how it is known again when something comes of it."""

    root: str
    """The Message-ID that every letter of the case refers to (RFC 5322, 3.6.4)."""
    token: str
    """The case's number, signed: it stands in the subject."""
    reply_to: str
    """An address of this customer and this case."""
    bounces_to: str | None
    """An address of this letter alone; None for the null one, whence nothing comes back (RFC 3834, 3.3)."""
    desk: str
    """By which this desk knows its own letters, wherever they come back from."""
    answers: str | None = None
    """The Message-ID of the mail that it answers, as its writer chose it: hostile until proven otherwise."""


@dataclass(frozen=True)
class Letter:
    """One letter about one case, complete: who carries it looks nothing up.

    Raises ValueError for one that the SOP would not let go out: resolved or referred without a deadline (R-5.9b),
    referred without the other desk (R-5.3c), continued without saying as what (R-5.6c); acknowledged without its link; or a
    question without its words.
    """

    kind: LetterKind
    message_id: str
    """`<id@domain>`, RFC 5322 3.6.4: the same at every attempt, so that a repetition is known for one."""
    case: str
    """Its number."""
    thread: Thread
    recipient: str
    """An e-mail address, as the customer gave it."""
    name: str | None
    subject: str | None
    """The customer's own words, hostile until proven otherwise; so is `solution`."""
    solution: str | None
    workaround: bool
    deadline: datetime | None
    """Timezone-aware: until when the customer may dispute. None where the case has no window of its own."""
    time_zone: str
    """IANA name; the deadline is told in it, and with it."""
    dispute_url: str | None
    follow_url: str | None
    """Where the customer sees their case. Whoever has the link sees it too, so it goes to the customer's own address only."""
    help_desk: Mapping[str, str | None] | None
    """The other desk's `agency`, `desk`, `phone`, `email`, `hours`, `portal`."""
    continued_as: str | None
    question: str | None = None
    """What the desk asks, in staff's words."""
    monitoring: bool = False
    """The recipient is the service's owner: no person reported the case (R-5.9g)."""

    def __post_init__(self) -> None:
        if self.deadline is not None and self.deadline.tzinfo is None:
            raise ValueError("the deadline needs a time zone")
        if self.kind is LetterKind.ACKNOWLEDGED:
            if self.follow_url is None:
                raise ValueError("an acknowledgement carries the link that follows the case")
            return
        if self.kind is LetterKind.QUESTION:
            if not self.question:
                raise ValueError("the letter must carry its question")
            return
        if self.kind is LetterKind.CONTINUED:
            if self.continued_as is None:
                raise ValueError("a continued case names the one it is continued as (R-5.6c)")
        elif self.deadline is None:
            raise ValueError("the letter must tell the deadline (R-5.9b)")
        if self.kind is LetterKind.REFERRED and self.help_desk is None:
            raise ValueError("a referral tells how to reach the other desk (R-5.3c)")


class Deferred(Exception):
    """Not delivered, for a reason that may pass: try again later."""


class Refused(Exception):
    """Never to be delivered to this address: the customer must be informed by other means (R-5.9g)."""


@dataclass(frozen=True)
class Sent:
    """A letter that a mail server took over: from this moment the dispute window runs (R-5.9d)."""

    raw: str
    """The message as sent (RFC 5322, CRLF). Personal data."""
    reply: str
    """The server's answer, with the recipient's address taken out: fit for the record."""


class Postman(Protocol):
    """Carries letters."""

    async def deliver(self, letter: Letter) -> Sent:
        """Hand a letter over. Returns only after it was accepted for delivery; raises Deferred, Refused.

        What they say is free of the recipient's address, so that it may be kept in an event.
        """
        ...
