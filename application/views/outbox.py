"""The view of the outbox: one row for each mail, from the transaction that queued it to its fate (R-5.9a)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from application.views.columns import Columns
from application.views.rows import RowFold
from domain.aggregate import Recorded
from domain.outgoing_mail import Message, MessageAccepted, MessageQueued


class MessageFold(RowFold):
    """One mail while events fold into it."""

    AGGREGATE, OPENING = Message, MessageQueued
    COLUMNS = Columns(
        state=("due_at", "attempts", "outcome", "kind", "message_id"),
        fold=("id", "version", "queued_at", "accepted_at"),
        derived={"number": lambda message: message.case},
    )
    queued_at: datetime | None = None
    accepted_at: datetime | None = None

    @classmethod
    def resume(cls, row: Mapping[str, Any]) -> Self:
        """Resume a fold from the row it left."""
        fold = super().resume(row)
        fold.state.case = row["number"]
        return fold

    def fold(self, event: Recorded) -> None:
        """Apply an event, and keep when the mail was queued and accepted."""
        super().fold(event)
        if isinstance(event, MessageQueued):
            self.queued_at = event.timestamp
        elif isinstance(event, MessageAccepted):
            self.accepted_at = event.accepted_at
