"""The view of the outbox: one row per mail, from the transaction that queued it to its fate (R-5.9a)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.aggregate import Recorded
from domain.outgoing_mail import Message, MessageAccepted, MessageQueued

COLUMNS = (
    "id",
    "version",
    "queued_at",
    "due_at",
    "accepted_at",
    "attempts",
    "outcome",
    "kind",
    "number",
    "message_id",
)
"""Columns of a mail. `number` is that of its case."""


@dataclass
class MessageFold:
    """The fold of one mail."""

    message: Message
    id: UUID
    queued_at: datetime
    version: int = 0
    accepted_at: datetime | None = None

    def fold(self, event: Recorded) -> None:
        """Apply an event."""
        event.apply(self.message)
        self.version = event.originator_version
        if isinstance(event, MessageAccepted):
            self.accepted_at = event.accepted_at

    def row(self) -> tuple[Any, ...]:
        """The row of the view, in the order of `COLUMNS`."""
        m = self.message
        return (
            self.id,
            self.version,
            self.queued_at,
            m.due_at,
            self.accepted_at,
            m.attempts,
            m.outcome,
            m.kind,
            m.case,
            m.message_id,
        )


def new_fold(event: Recorded) -> MessageFold:
    """Start the fold of a mail with its first event. Raises TypeError for any other event."""
    if not isinstance(event, MessageQueued):
        raise TypeError(f"{event.TOPIC} is no opening event, and message {event.originator_id} is unknown to the view")
    return MessageFold(_begun(), event.originator_id, event.timestamp)


def resume_fold(row: Mapping[str, Any]) -> MessageFold:
    """Resume a fold from its stored row."""
    message = _begun()
    message.case = row["number"]
    for name in ("due_at", "attempts", "outcome", "kind", "message_id"):
        setattr(message, name, row[name])
    return MessageFold(message, row["id"], row["queued_at"], row["version"], row["accepted_at"])


def _begun() -> Message:
    message = Message.__new__(Message)
    message.begin()
    return message
