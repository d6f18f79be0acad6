"""The view of obligations: one row each, from the event that creates it to the event that ends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.aggregate import Recorded
from domain.obligation import Obligation


@dataclass
class ObligationRow:
    """One obligation, open or ended."""

    case_id: UUID
    key: str
    position: int
    since: datetime
    due_at: datetime
    kind: str
    about: str
    role: str
    team: str | None
    until_position: int | None = None
    settled_at: datetime | None = None
    renewed: bool = False
    """Whether the event that ended it creates it again with another due time."""

    def end(self, position: int, at: datetime, *, renewed: bool) -> None:
        """End the obligation at a position, and not earlier than its start."""
        self.until_position, self.settled_at, self.renewed = position, max(at, self.since), renewed


def concerns(event: Recorded) -> bool:
    """Whether an event creates or ends obligations. Most do not."""
    return bool(event.settles() or event.owes())


class ObligationsFold:
    """Folds events into the open obligations."""

    def __init__(self, standing: Iterable[ObligationRow] = ()) -> None:
        self._standing = {(owed.case_id, owed.key): owed for owed in standing}
        self._made: dict[tuple[UUID, str], ObligationRow] = {}
        self.ended: list[ObligationRow] = []
        """Obligations open before this batch, and ended in it."""
        self.fresh: list[ObligationRow] = []
        """Obligations created in this batch. Some may have ended already."""

    def fold(self, event: Recorded, position: int) -> None:
        """Apply an event in the aggregate's order: first end obligations, then create them."""
        for key in event.settles():
            self._end(event, key, position, renewed=False)
        for owed in event.owes():
            self._end(event, owed.key, position, renewed=True)
            self._owe(event, owed, position)

    def _end(self, event: Recorded, key: str, position: int, *, renewed: bool) -> None:
        called = (event.originator_id, str(key))
        if (made := self._made.pop(called, None)) is not None:
            made.end(position, event.timestamp, renewed=renewed)
        elif (stood := self._standing.pop(called, None)) is not None:
            stood.end(position, event.timestamp, renewed=renewed)
            self.ended.append(stood)

    def _owe(self, event: Recorded, owed: Obligation, position: int) -> None:
        made = ObligationRow(
            event.originator_id,
            owed.key,
            position,
            event.timestamp,
            owed.due_at,
            owed.kind,
            owed.about,
            owed.role,
            owed.team,
        )
        self._made[made.case_id, made.key] = made
        self.fresh.append(made)
