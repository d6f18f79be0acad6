"""What one command wants on the record, the answer it waits for, and the errors it may be answered with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, PersistenceError

from application.ports import Answered, Erasure, KeyTaken, MailUnread, ReferenceMoved
from domain.values import Disclosure
from infrastructure.postgres.stored_event import LedgerEvent

PATIENCE = 8.0
"""Seconds that a command waits for its answer."""
_ERASING = 600.0
"""Seconds that an erasure waits: it deletes everything that is kept of a person."""
_LARGE = 65_536
"""Characters of a disclosure beyond which it is written before the lock of all appends."""

Positions = list[tuple[int, datetime]]


def is_large(said: Disclosure) -> bool:
    """Whether a disclosure is written before the lock of all appends is taken."""
    return len(said.value or "") > _LARGE


@dataclass(eq=False)
class Append:
    """What one command wants on the record, and its answer once it is decided."""

    events: Sequence[LedgerEvent]
    answered: Answered | None = None
    numbers: Sequence[tuple[str, UUID]] = ()
    known: int | None = None
    """Position of the reference data it was decided under, if it was decided under any."""
    erasing: Erasure | None = None
    """What the same transaction deletes from the vault."""
    closes: Sequence[str] = ()
    """Numbers of the cases it closes. It is refused while a mail about one of them is unread (R-5.9d)."""
    read: Sequence[tuple[UUID, int]] = ()
    """Aggregates it was decided on and does not change, with their versions. A later event of one refuses it."""
    positions: Positions = field(default_factory=list)
    error: Exception | None = None
    finished: bool = False
    in_doubt: bool = False
    """It was sent, and the connection broke before the answer: it may have been committed."""
    in_flight: bool = False
    """The writer has taken it."""
    given_up: bool = False
    """Nobody waits for the answer any more, so it is not sent again."""
    future: asyncio.Future[None] | None = None
    """Set when the answer is there, or its time is up."""

    @property
    def contents(self) -> list[tuple[LedgerEvent, Disclosure]]:
        """The files that go into the vault with it."""
        return [(event, said) for event in self.events for said in event.disclosures if said.content is not None]

    @property
    def large(self) -> list[tuple[LedgerEvent, Disclosure]]:
        """The disclosures that take long to write: raw mails above all."""
        return [(event, said) for event in self.events for said in event.disclosures if is_large(said)]

    @property
    def heavy(self) -> bool:
        """Whether it writes or deletes so much that it gets a transaction, and a writer, of its own."""
        if self.erasing is not None:
            return True
        return any(d.content is not None or is_large(d) for event in self.events for d in event.disclosures)

    @property
    def patience(self) -> float | None:
        """Seconds to wait for its answer where that is not the writer's patience: deletions take long."""
        return _ERASING if self.erasing is not None else None

    @property
    def size(self) -> int:
        """About how many bytes it writes."""
        return sum(len(e.state) + sum(len(said.value or "") for said in e.disclosures) for e in self.events)

    def finish(self, positions: Positions | None = None, error: Exception | None = None) -> None:
        """Decide on the answer. `wake` tells whoever waits."""
        self.positions, self.error, self.finished = positions or [], error, True

    def answer(self) -> Positions:
        """Position and recording time of each event. Raises what refused the command."""
        if self.error is not None:
            raise self.error
        return self.positions

    def wake(self) -> None:
        """Tell whoever waits for the answer."""
        if self.future is not None and not self.future.done():
            self.future.set_result(None)


def columns(batch: Sequence[Append]) -> tuple[list[Any], ...]:
    """A batch as the parallel arrays that `ledger.append` takes, in the order of its parameters."""
    events = [(c, e) for c, append in enumerate(batch) for e in append.events]
    said = [(c, e, d) for c, e in events for d in e.disclosures if not is_large(d)]
    numbers = [(c, number, of) for c, append in enumerate(batch) for number, of in append.numbers]
    answers = [(c, append.answered) for c, append in enumerate(batch) if append.answered]
    return (
        [c for c, _ in events],
        [e.originator_id for _, e in events],
        [e.originator_version for _, e in events],
        [e.topic for _, e in events],
        [e.state for _, e in events],
        [c for c, _, _ in said],
        [e.originator_id for _, e, _ in said],
        [e.originator_version for _, e, _ in said],
        [bytes.fromhex(d.digest) for _, _, d in said],
        [d.salt for _, _, d in said],
        [d.kind.value for _, _, d in said],
        [d.subject for _, _, d in said],
        [d.value for _, _, d in said],
        [c for c, _, _ in numbers],
        [number for _, number, _ in numbers],
        [of for _, _, of in numbers],
        [c for c, _ in answers],
        [a.key for _, a in answers],
        [a.request for _, a in answers],
        [a.originator_id for _, a in answers],
        [a.version for _, a in answers],
        [a.status for _, a in answers],
        [c for c, append in enumerate(batch) if append.known is not None],
        [append.known for append in batch if append.known is not None],
        [c for c, append in enumerate(batch) for _ in append.closes],
        [number for append in batch for number in append.closes],
        [c for c, append in enumerate(batch) for _ in append.read],
        [of for append in batch for of, _ in append.read],
        [version + 1 for append in batch for _, version in append.read],
    )


def refusal(why: str) -> Exception:
    """The error for the reason why `ledger.append` left a command out."""
    if why == "key":
        return KeyTaken("the idempotency key was used meanwhile")
    if why == "reference":
        return ReferenceMoved("catalogue, policy or grants have changed meanwhile")
    if why == "unread":
        return MailUnread("an unread mail concerns a case that was to be closed")
    return IntegrityError("a version is taken: another command appended first")


def as_persistence_error(error: Exception) -> PersistenceError:
    """An error of psycopg as the event sourcing library's."""
    if isinstance(error, PersistenceError):
        return error
    if isinstance(error, psycopg.IntegrityError):  # such as a command that wants one version twice
        return IntegrityError(str(error))
    return PersistenceError(str(error))
