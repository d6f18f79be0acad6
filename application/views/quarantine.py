"""The view of the quarantine: one row per message that waits for a person, or counts as automatic (R-5.1d)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.aggregate import Recorded
from domain.fate import ReceiptCause, ReceiptState
from domain.receipt import IntakeReceived, Receipt
from domain.values import Channel

COLUMNS = ("id", "version", "received_at", "size", "channel", "cause", "suggestion", "recorded")
"""Columns of a message. `cause` is null until the message is known to wait."""


@dataclass
class ReceiptFold:
    """The fold of one message."""

    receipt: Receipt
    id: UUID
    version: int = 0

    def fold(self, event: Recorded) -> None:
        """Apply an event."""
        event.apply(self.receipt)
        self.version = event.originator_version

    @property
    def is_open(self) -> bool:
        """Whether a decision is due, possible, or not asked for yet."""
        return self._is_recorded or self.receipt.state in (ReceiptState.RECEIVED, ReceiptState.QUARANTINED)

    @property
    def _is_recorded(self) -> bool:
        """Whether it counts as automatic, with a cause."""
        return self.receipt.state is ReceiptState.RECORDED

    def row(self) -> tuple[Any, ...]:
        """The row of the view, in the order of `COLUMNS`."""
        r = self.receipt
        return (self.id, self.version, r.received_at, r.size, r.channel, r.cause, r.suggestion, self._is_recorded)


def new_fold(event: Recorded) -> ReceiptFold:
    """Start the fold of a message with its first event. Raises TypeError for any other event."""
    if not isinstance(event, IntakeReceived):
        raise TypeError(f"{event.TOPIC} is no opening event, and message {event.originator_id} is unknown to the view")
    return ReceiptFold(_begun(), event.originator_id)


def resume_fold(row: Mapping[str, Any]) -> ReceiptFold:
    """Resume a fold from its stored row."""
    receipt = _begun()
    receipt.received_at, receipt.size, receipt.channel = row["received_at"], row["size"], Channel(row["channel"])
    if row["cause"] is not None:
        receipt.state = ReceiptState.RECORDED if row["recorded"] else ReceiptState.QUARANTINED
        receipt.cause = ReceiptCause(row["cause"])
        receipt.suggestion = row["suggestion"]
    return ReceiptFold(receipt, row["id"], row["version"])


def _begun() -> Receipt:
    receipt = Receipt.__new__(Receipt)
    receipt.begin()
    return receipt
