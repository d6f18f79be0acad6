"""SOP 5.9: a mail to a customer, from the transaction that queued it to the server that took it (R-5.9a).

Queued in the transaction of the resolution it tells of, or of the case it acknowledges, so that neither is without the other. It is accepted only when
a mail server said so; of an attempt that was not answered nothing is known, and the same message is sent again.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.values import Disclosure, Provenance


class Message(Root):
    """One mail about one case."""

    TOPIC: ClassVar[str] = "message"
    NUMBERED = True

    case: str
    kind: str
    message_id: str
    resolution: int | None
    """Which resolution of the case it tells of; None where it tells of none."""
    question: int | None
    """Which version of the case asked the question that it carries; None where it carries none."""
    recipient: Disclosure

    def begin(self) -> None:
        self.due_at: datetime | None = None
        """When to try next; None once its fate is known."""
        self.attempts = 0
        self.outcome = "queued"

    @classmethod
    def queue(
        cls,
        id: UUID,  # noqa: A002 - the library's own name
        kind: str,
        case: str,
        resolution: int | None,
        message_id: str,
        recipient: Disclosure,
        provenance: Provenance,
        *,
        question: int | None = None,
    ) -> Self:
        """Queue a mail: `message_id` (RFC 5322) stays the same however often it is sent."""
        return cls.open(
            MessageQueued,
            id,
            provenance,
            kind=kind,
            case=case,
            resolution=resolution,
            message_id=message_id,
            recipient=recipient,
            due_at=provenance.at,
            question=question,
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be sent."""
        return self.due_at is not None

    def accept(self, content: Disclosure | None, sent_at: datetime, provenance: Provenance) -> None:
        """A server took it for delivery; ``content`` is the message as it was sent at ``sent_at``."""
        self.record(MessageAccepted, provenance, content=content, sent_at=sent_at, accepted_at=provenance.at)

    def defer(self, cause: str, due_at: datetime, provenance: Provenance) -> None:
        """It could not be handed over this time."""
        self.record(MessageDeferred, provenance, cause=cause, due_at=due_at)

    def bounce(self, cause: str, provenance: Provenance) -> None:
        """It will not be taken, now or later; or it came back after a server had taken it."""
        self.record(MessageBounced, provenance, cause=cause)

    def withdraw(self, provenance: Provenance) -> None:
        """What it tells of is no longer so."""
        self.record(MessageWithdrawn, provenance)


class MessageQueued(Opening):
    TOPIC = "message.queued"
    kind: str
    case: str
    resolution: int | None
    message_id: str
    recipient: Disclosure
    due_at: datetime
    question: int | None = None

    def _fold(self, message: Message) -> None:
        message.number, message.kind, message.case = self.message_id, self.kind, self.case
        message.message_id, message.resolution, message.question = self.message_id, self.resolution, self.question
        message.recipient, message.due_at = self.recipient, self.due_at


class MessageDeferred(Recorded):
    TOPIC = "message.deferred"
    cause: str
    due_at: datetime

    def _fold(self, message: Message) -> None:
        message.due_at, message.attempts = self.due_at, message.attempts + 1


class MessageAccepted(Recorded):
    TOPIC = "message.accepted"
    sent_at: datetime
    accepted_at: datetime
    content: Disclosure | None = None

    def _fold(self, message: Message) -> None:
        message.due_at, message.outcome = None, "accepted"


class MessageBounced(Recorded):
    TOPIC = "message.bounced"
    cause: str

    def _fold(self, message: Message) -> None:
        message.due_at, message.outcome = None, "bounced"


class MessageWithdrawn(Recorded):
    TOPIC = "message.withdrawn"

    def _fold(self, message: Message) -> None:
        message.due_at, message.outcome = None, "withdrawn"


EVENTS = register((MessageQueued, MessageDeferred, MessageAccepted, MessageBounced, MessageWithdrawn), Message)
