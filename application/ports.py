"""Ports of the application on the write side, and the types they return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.aggregate import Recorded, Root
from domain.values import Disclosure, DisclosureKind


@dataclass(frozen=True)
class Answered:
    """The answer to a command with an idempotency key, as it is kept: no body, so no personal data (http.md)."""

    key: bytes
    """A digest of principal, route and the client's key."""
    request: bytes
    """A digest of the request, to tell a repetition from a reuse."""
    status: int
    originator_id: UUID
    version: int


@dataclass(frozen=True)
class KeptAnswer:
    """An `Answered` read back, with the position its command was committed at."""

    request: bytes
    originator_id: UUID
    version: int
    position: int


@dataclass(frozen=True)
class Disclosed:
    """How much the vault has of somebody in one stream."""

    stream: UUID
    aggregate: str
    """The first part of its topics: what it is a stream of."""
    kind: DisclosureKind
    count: int


@dataclass(frozen=True)
class Erasure:
    """What is to be deleted from the vault in the transaction of the events that record it."""

    subject: str
    kinds: Collection[DisclosureKind]
    streams: Sequence[UUID]


@dataclass(frozen=True)
class Beside:
    """What one command commits beside its events, in the same transaction."""

    answered: Answered | None = None
    """The answer to keep under the command's idempotency key."""
    numbers: Sequence[tuple[str, UUID]] = ()
    """The numbers it gives out, and the aggregates that bear them."""
    known: int | None = None
    """Position of the reference data it was decided under. A later change refuses it."""
    erasing: Erasure | None = None
    closes: Sequence[str] = ()
    """Numbers of the cases it closes. An unread mail about one of them refuses it (R-5.9d)."""


class KeyTaken(Exception):
    """A command with this idempotency key was committed in the meantime."""


class ReferenceMoved(Exception):
    """Catalogue, policy or grants were changed after what the command was decided under."""


class MailUnread(Exception):
    """A mail about a case that was to be closed waits to be read (R-5.9d)."""


@dataclass(frozen=True)
class Entry:
    """One event of a history, with what the ledger knows of it."""

    event: Recorded
    state: bytes
    position: int
    recorded_at: datetime
    db_role: str
    disclosures: tuple[Disclosure, ...] = ()


class EventStore(Protocol):
    """The streams of all aggregates: the authoritative record. Every method raises OperationalError when it is away."""

    async def load(self, id: UUID, *, until: int | None = None) -> Root | None:  # noqa: A002 - the library's own name
        """An aggregate folded from its events, up to a version; None for a stream without events."""
        ...

    async def history(self, id: UUID, *, after: int = 0, until: int | None = None) -> list[Entry]:  # noqa: A002
        """The events of an aggregate with their disclosures, oldest first."""
        ...

    async def append(self, roots: Sequence[Root], beside: Beside) -> int | None:
        """Commit the pending events of aggregates, all or none. Returns the position of the last; None without events.

        Raises IntegrityError for a version that is taken, KeyTaken, ReferenceMoved, MailUnread.
        """
        ...


class Register(Protocol):
    """Look-ups of the write side: numbers, kept answers, pseudonyms. Never behind the events."""

    async def find(self, number: str) -> UUID | None:
        """The aggregate that a number was given to."""
        ...

    async def any_case(self) -> bool:
        """Whether any case was ever logged."""
        ...

    async def existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of the aggregates that have events."""
        ...

    async def reference_events(self, after: int) -> Sequence[tuple[int, Recorded]]:
        """The events of catalogue, policy and grants after a position, each with its own position."""
        ...

    async def latest(self, ids: Collection[UUID]) -> Sequence[Recorded]:
        """The last event of each of these streams that has any."""
        ...

    async def approvals(self) -> Sequence[UUID]:
        """The streams of measures that need an approval, oldest first."""
        ...

    async def next_case_number(self) -> str:
        """A number nobody else has, such as `INC-0000123`. Numbers may have gaps (R-4.2b)."""
        ...

    async def next_problem_number(self) -> str:
        """A number nobody else has, such as `PRB-0000007`."""
        ...

    async def answer(self, key: bytes) -> KeptAnswer | None:
        """The answer kept under an idempotency key."""
        ...

    async def pseudonym_key(self) -> bytes:
        """The secret under which contact data become a customer's stable id."""
        ...

    async def disclosed(self, subject: str) -> Sequence[Disclosed]:
        """What the vault has of a person, by stream and kind."""
        ...

    async def begun(self, subject: str, topic: str, since: UUID) -> Sequence[UUID]:
        """The latest streams about a person that begin with a topic, from an id (`uuid7`) on, oldest first.

        At most a hundred: it tells whether a limit is reached, not by how much.
        """
        ...

    def content(self, id: UUID, version: int, digest: str) -> AsyncIterator[bytes]:  # noqa: A002
        """A file of the vault in pieces; none where there is no such file, or no longer."""
        ...
