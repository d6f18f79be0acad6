"""The view of what the desk owes somebody: one row a debt, from the event that owes it to the one that settles it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.aggregate import Recorded
from domain.obligation import Obligation


@dataclass
class ObligationRow:
    """One debt, standing or settled."""

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
    """Whether what ended it owes the same anew, by another time."""

    def end(self, position: int, at: datetime, *, renewed: bool) -> None:
        """It stands no more from a position on; never earlier than since when it stood."""
        self.until_position, self.settled_at, self.renewed = position, max(at, self.since), renewed


def concerns(event: Recorded) -> bool:
    """Whether an event owes or settles anything: most do not."""
    return bool(event.settles() or event.owes())


class ObligationsFold:
    """What is owed while events fold into it, from what was owed before."""

    def __init__(self, standing: Iterable[ObligationRow] = ()) -> None:
        self._standing = {(owed.case_id, owed.key): owed for owed in standing}
        self._made: dict[tuple[UUID, str], ObligationRow] = {}
        self.ended: list[ObligationRow] = []
        """Debts that stood before and stand no more."""
        self.fresh: list[ObligationRow] = []
        """Debts of these events; some of them are settled already."""

    def fold(self, event: Recorded, position: int) -> None:
        """Take an event's debts, in the aggregate's own order: first what it settles, then what it owes."""
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
