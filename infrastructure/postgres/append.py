"""What one command wants on the record, and, once decided, its answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from eventsourcing.persistence import OperationalError

from application.ports import Answered, Erasure
from domain.values import Disclosure
from infrastructure.postgres.stored_event import LedgerEvent

PATIENCE = 8.0
"""Seconds that a command waits for its answer."""
_ERASING = 600.0
"""The same of an erasure, which deletes all there is of somebody."""
_LARGE = 65_536
"""Characters of a disclosure beyond which it is written before the lock of all appends."""

Positions = list[tuple[int, datetime]]


def is_large(said: Disclosure) -> bool:
    """Whether a disclosure is written before the lock of all appends is taken."""
    return len(said.value or "") > _LARGE


@dataclass(eq=False)
class Append:
    """What one command wants on the record, and, once decided, its answer."""

    events: Sequence[LedgerEvent]
    answered: Answered | None = None
    numbers: Sequence[tuple[str, UUID]] = ()
    known: int | None = None
    """The position of the reference data it was decided under, where it was decided under any."""
    erasing: Erasure | None = None
    """What is deleted from the vault with it."""
    closes: Sequence[str] = ()
    """The numbers of the cases that it closes: it is refused while a mail about one waits unread (R-5.9d)."""
    positions: Positions = field(default_factory=list)
    error: Exception | None = None
    finished: bool = False
    in_doubt: bool = False
    """Sent once already, and the connection broke before the answer: it may have been committed."""
    in_flight: bool = False
    """The writer has taken it. Guarded by the writer's condition, like what follows."""
    given_up: bool = False
    """Nobody waits for the answer any more: it is not sent again."""
    _done: threading.Lock = field(default_factory=threading.Lock)

    @property
    def contents(self) -> list[tuple[LedgerEvent, Disclosure]]:
        """The files that go into the vault with it."""
        return [(event, said) for event in self.events for said in event.disclosures if said.content is not None]

    @property
    def large(self) -> list[tuple[LedgerEvent, Disclosure]]:
        """The disclosures that take long to write: raw mails, above all."""
        return [(event, said) for event in self.events for said in event.disclosures if is_large(said)]

    @property
    def heavy(self) -> bool:
        """Whether it writes, or deletes, so much that nobody else shall wait for it."""
        return self.erasing is not None or bool(self.contents or self.large)

    @property
    def patience(self) -> float | None:
        """Seconds that its answer is waited for, where they are not the writer's: deletions may take long."""
        return _ERASING if self.erasing is not None else None

    @property
    def alone(self) -> bool:
        """Whether it is a transaction of its own: nobody's answer shall depend on an erasure, or wait for a file."""
        return self.heavy

    @property
    def size(self) -> int:
        """About how many bytes it writes."""
        return sum(len(e.state) + sum(len(said.value or "") for said in e.disclosures) for e in self.events)

    def __post_init__(self) -> None:
        self._done.acquire()

    def finish(self, positions: Positions | None = None, error: Exception | None = None) -> None:
        """Answer the one who waits."""
        self.positions, self.error, self.finished = positions or [], error, True
        self._done.release()

    def answered_within(self, seconds: float) -> bool:
        """Block until it is committed or refused, at most so long; says whether it is."""
        return self._done.acquire(timeout=seconds)

    def wait(self, seconds: float = PATIENCE) -> Positions:
        """Its answer. Raises what refused it, OperationalError when there is none in time."""
        if not self.answered_within(seconds):
            raise OperationalError("the event store does not answer; whether it was recorded is not known")
        return self.answer()

    def answer(self) -> Positions:
        """What it was answered. Raises what refused it."""
        if self.error is not None:
            raise self.error
        return self.positions
