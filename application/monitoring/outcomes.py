"""Answers to the senders of monitoring messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from application.monitoring.plan import Action, Plan
from application.monitoring.signals import Delivery
from domain.fate import ReceiptState
from domain.receipt import Receipt


class Outcome(StrEnum):
    """The outcome of a message (`design.md`, HTTP)."""

    OPENED = "opened"
    RECORDED = "recorded"
    """It had news of a known alert, or concerned an unknown one."""
    DUPLICATE = "duplicate"
    """It repeated known signals (R-5.1c): a heartbeat."""
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Told:
    """The outcome of one signal."""

    fingerprint: str
    firing: bool
    action: Action
    case: str | None


@dataclass(frozen=True)
class Kept:
    """An unreadable alert, and its message in the quarantine."""

    place: int
    why: str
    message: UUID
    is_new: bool


@dataclass(frozen=True)
class Taken:
    """The answer to the sender of a message."""

    outcome: Outcome
    cases: tuple[str, ...]
    receipt: UUID
    position: int
    signals: tuple[Told, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def case(self) -> str | None:
        """The case that it opened or concerns; the first of several."""
        return self.cases[0] if self.cases else None


def outcome_of(delivery: Delivery, made: Plan, *, known: bool = False, odd: bool = False) -> Outcome:
    """Return the outcome of a message from the outcomes of its signals.

    ``known``: the same bytes came before. ``odd``: an alert of it has gone into the quarantine.
    """
    actions = {step.action for step in made.steps}
    if delivery.cause is not None:
        return Outcome.QUARANTINED
    if actions & {Action.OPENS, Action.FOLLOWS_UP}:
        return Outcome.OPENED
    nothing_new = {Action.HEARTBEAT, Action.KNOWN}
    if odd:
        return Outcome.RECORDED
    if (actions and actions <= nothing_new) or (known and actions <= {*nothing_new, Action.RECORDED}):
        return Outcome.DUPLICATE
    return Outcome.RECORDED


def repeated(receipt: Receipt, position: int) -> Taken:
    """Return the answer to a repeated message."""
    waits = receipt.state is ReceiptState.QUARANTINED
    outcome = Outcome.QUARANTINED if waits else Outcome.DUPLICATE
    return Taken(outcome, (receipt.case,) if receipt.case else (), receipt.id, position)
