"""SOP 5.9: one mail to a customer or to staff, from queued to accepted (R-5.9a).

The transaction of a resolution, or of a new case, queues its mail: neither exists without the other. A mail is accepted only
once a mail server says so. After an attempt without an answer nothing is known, and the same message is sent again.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.values import Disclosure, Provenance


class Message(Root):
    """One mail about one case, or with one issue of a scheduled report."""

    TOPIC: ClassVar[str] = "message"
    NUMBERED = True

    case: str
    """Its number; empty for a mail that is about no case."""
    kind: str
    message_id: str
    resolution: int | None
    """The version of the case that recorded the resolution it is about; None for any other mail."""
    question: int | None
    """The version of the case that asked the question it carries; None for any other mail."""
    report: UUID | None
    """The stream of the issue that it carries; None for any other mail."""
    recipient: Disclosure

    def begin(self) -> None:
        """Start as queued."""
        self.due_at: datetime | None = None
        """Time of the next attempt; None once its outcome is known."""
        self.attempts = 0
        self.outcome = "queued"

    @classmethod
    def queue(
        cls,
        id: UUID,
        kind: str,
        case: str,
        resolution: int | None,
        message_id: str,
        recipient: Disclosure,
        provenance: Provenance,
        *,
        question: int | None = None,
        report: UUID | None = None,
    ) -> Self:
        """Queue a mail. Its `message_id` (RFC 5322) stays the same however often it is sent."""
        about = {"kind": kind, "case": case, "resolution": resolution, "question": question, "report": report}
        to = {"message_id": message_id, "recipient": recipient, "due_at": provenance.at}
        return cls.open(MessageQueued, id, provenance, **about, **to)

    @property
    def is_waiting(self) -> bool:
        """Whether it waits to be sent."""
        return self.due_at is not None

    def accept(self, content: Disclosure | None, sent_at: datetime, provenance: Provenance) -> None:
        """Record that a server accepted it. ``content`` is the message as it was sent at ``sent_at``."""
        self.record(MessageAccepted, provenance, content=content, sent_at=sent_at, accepted_at=provenance.at)

    def defer(self, cause: str, due_at: datetime, provenance: Provenance) -> None:
        """Record a failed attempt, and when to try again."""
        self.record(MessageDeferred, provenance, cause=cause, due_at=due_at)

    def bounce(self, cause: str, provenance: Provenance) -> None:
        """Record that no server will accept it, or that it came back after one had."""
        self.record(MessageBounced, provenance, cause=cause)

    def withdraw(self, provenance: Provenance) -> None:
        """Withdraw it, since what it says no longer holds."""
        self.record(MessageWithdrawn, provenance)


class MessageQueued(Opening):
    """A mail was queued."""

    TOPIC = "message.queued"
    kind: str
    case: str
    resolution: int | None
    message_id: str
    recipient: Disclosure
    due_at: datetime
    question: int | None = None
    report: UUID | None = None

    def _fold(self, message: Message) -> None:
        message.number, message.kind, message.case = self.message_id, self.kind, self.case
        message.message_id, message.resolution, message.question = self.message_id, self.resolution, self.question
        message.report, message.recipient, message.due_at = self.report, self.recipient, self.due_at


class MessageDeferred(Recorded):
    """An attempt failed; another follows."""

    TOPIC = "message.deferred"
    cause: str
    due_at: datetime

    def _fold(self, message: Message) -> None:
        message.due_at, message.attempts = self.due_at, message.attempts + 1


class MessageAccepted(Recorded):
    """A mail server accepted the mail for delivery."""

    TOPIC = "message.accepted"
    sent_at: datetime
    accepted_at: datetime
    content: Disclosure | None = None

    def _fold(self, message: Message) -> None:
        message.due_at, message.outcome = None, "accepted"


class MessageBounced(Recorded):
    """The mail will not be delivered."""

    TOPIC = "message.bounced"
    cause: str

    def _fold(self, message: Message) -> None:
        message.due_at, message.outcome = None, "bounced"


class MessageWithdrawn(Recorded):
    """The mail is not sent, since what it says no longer holds."""

    TOPIC = "message.withdrawn"

    def _fold(self, message: Message) -> None:
        message.due_at, message.outcome = None, "withdrawn"


EVENTS = register((MessageQueued, MessageDeferred, MessageAccepted, MessageBounced, MessageWithdrawn), Message)
