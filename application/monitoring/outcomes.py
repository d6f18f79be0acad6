"""What is answered to whoever hands in what monitoring says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from application.monitoring.plan import Action, Plan
from application.monitoring.signals import Delivery
from domain.fate import ReceiptState
from domain.receipt import Receipt


class Outcome(StrEnum):
    """What became of a message (`design.md`, HTTP)."""

    OPENED = "opened"
    RECORDED = "recorded"
    """It told something new of what the desk knows, or of nothing it knows."""
    DUPLICATE = "duplicate"
    """It said what was said before (R-5.1c); a heartbeat."""
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Told:
    """What became of one signal."""

    fingerprint: str
    firing: bool
    action: Action
    case: str | None


@dataclass(frozen=True)
class Kept:
    """An alert that could not be read, and the message under which it waits in the quarantine."""

    place: int
    why: str
    message: UUID
    is_new: bool


@dataclass(frozen=True)
class Taken:
    """The answer to whoever handed a message in."""

    outcome: Outcome
    cases: tuple[str, ...]
    receipt: UUID
    position: int
    signals: tuple[Told, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def case(self) -> str | None:
        """The case that it opened, or is about; the first of several."""
        return self.cases[0] if self.cases else None


def outcome_of(delivery: Delivery, made: Plan, *, known: bool = False, odd: bool = False) -> Outcome:
    """What becomes of a message by what becomes of its signals.

    ``known`` says that the same bytes came before, ``odd`` that an alert of it waits in the quarantine from now on.
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
    """What is said of a message that came before."""
    waits = receipt.state is ReceiptState.QUARANTINED
    outcome = Outcome.QUARANTINED if waits else Outcome.DUPLICATE
    return Taken(outcome, (receipt.case,) if receipt.case else (), receipt.id, position)
