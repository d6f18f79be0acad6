"""The view of the quarantine: one row for each message that waits for a decision, or that no person wrote (R-5.1d)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from application.views.columns import Columns
from application.views.rows import RowFold
from domain.aggregate import Recorded
from domain.data_subject import IntakeErased
from domain.fate import ReceiptCause, ReceiptState
from domain.receipt import IntakeReceived, Receipt
from domain.values import Channel


class ReceiptFold(RowFold):
    """One message while events fold into it. `cause` is null until the message is known to wait."""

    AGGREGATE, OPENING = Receipt, IntakeReceived
    COLUMNS = Columns(
        state=("received_at", "size", "channel", "cause", "suggestion"),
        fold=("id", "version"),
        parse={"channel": Channel, "cause": ReceiptCause},
        derived={"recorded": lambda receipt: receipt.state is ReceiptState.RECORDED},
    )

    @classmethod
    def open(cls, event: Recorded) -> Self | None:
        """Begin a fold with an arrival; None for the erasure of a message that was decided before."""
        return None if isinstance(event, IntakeErased) else super().open(event)

    @classmethod
    def resume(cls, row: Mapping[str, Any]) -> Self:
        """Resume a fold from the row it left."""
        fold = super().resume(row)
        if row["cause"] is not None:
            fold.state.state = ReceiptState.RECORDED if row["recorded"] else ReceiptState.QUARANTINED
        return fold

    @property
    def is_kept(self) -> bool:
        """Whether somebody has still to decide, may decide, or has not been asked yet."""
        return self.state.state in (ReceiptState.RECEIVED, ReceiptState.QUARANTINED, ReceiptState.RECORDED)
