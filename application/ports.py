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
    """The stored answer to a command with an idempotency key. It has no body, so no personal data (http.md)."""

    key: bytes
    """Digest of principal, route and the client's key."""
    request: bytes
    """Digest of the request, to distinguish repetition from reuse."""
    status: int
    originator_id: UUID
    version: int


@dataclass(frozen=True)
class KeptAnswer:
    """An `Answered` read back, with the position of its command's commit."""

    request: bytes
    originator_id: UUID
    version: int
    position: int


@dataclass(frozen=True)
class Disclosed:
    """Amount of a person's data in the vault, for one stream."""

    stream: UUID
    aggregate: str
    """First part of its topics, which names its kind of stream."""
    kind: DisclosureKind
    count: int


@dataclass(frozen=True)
class Erasure:
    """Data to delete from the vault, in the transaction of the events that record it."""

    subject: str
    kinds: Collection[DisclosureKind]
    streams: Sequence[UUID]


@dataclass(frozen=True)
class Beside:
    """What a command commits besides its events, in the same transaction."""

    answered: Answered | None = None
    """The answer to store under the command's idempotency key."""
    numbers: Sequence[tuple[str, UUID]] = ()
    """New numbers, and their aggregates."""
    known: int | None = None
    """Position of the reference data of the decision. A later change refuses the commit."""
    erasing: Erasure | None = None
    closes: Sequence[str] = ()
    """Numbers of the cases it closes. An unread mail about one of them refuses the commit (R-5.9d)."""
    read: Sequence[tuple[UUID, int]] = ()
    """Aggregates that it was decided on and does not change, with their versions. A later event refuses the commit."""


class KeyTaken(Exception):
    """Another command with this idempotency key committed first."""


class ReferenceMoved(Exception):
    """Catalogue, policy or grants changed after the decision."""


class NewerRecord(Exception):
    """The record holds an event of a newer release, which this one cannot read. A process of that release can."""


class MailUnread(Exception):
    """An unread mail waits about a case that the command would close (R-5.9d)."""


@dataclass(frozen=True)
class Entry:
    """One event of a history, with its ledger data."""

    event: Recorded
    state: bytes
    position: int
    recorded_at: datetime
    db_role: str
    disclosures: tuple[Disclosure, ...] = ()


@dataclass(frozen=True)
class Head:
    """The last event of a stream."""

    version: int
    position: int


class EventStore(Protocol):
    """The streams of all aggregates: the authoritative record. Methods raise OperationalError if it is unreachable."""

    async def load(self, id: UUID, *, until: int | None = None) -> Root | None:  # noqa: A002 - the library's own name
        """Return an aggregate folded from its events, up to a version; None for a stream without events."""
        ...

    async def history(
        self,
        id: UUID,  # noqa: A002 - the library's own name
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        last: int | None = None,
    ) -> list[Entry]:
        """Return the events of an aggregate with their disclosures, oldest first, after and up to a version.

        ``last`` returns only so many of the last ones; the other bounds then do not count.
        """
        ...

    async def head(self, id: UUID) -> Head | None:  # noqa: A002 - the library's own name
        """Return the last event of a stream, without its words; None for a stream without events."""
        ...

    async def append(self, roots: Sequence[Root], beside: Beside) -> int | None:
        """Commit the pending events of aggregates, all or none. Returns the last position; None without events.

        Raises IntegrityError for a version that is taken or was read and has a later one, KeyTaken, ReferenceMoved,
        MailUnread.
        """
        ...


class Register(Protocol):
    """Look-ups of the write side: numbers, stored answers, pseudonyms. Never behind the events."""

    async def find(self, number: str) -> UUID | None:
        """Return the id of the aggregate with a number, or None."""
        ...

    async def any_case(self) -> bool:
        """Whether any case exists."""
        ...

    async def existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Return the ids that have events."""
        ...

    async def reference_events(self, after: int) -> Sequence[tuple[int, Recorded]]:
        """Return the events of catalogue, policy and grants after a position, each with its position."""
        ...

    async def latest(self, ids: Collection[UUID]) -> Sequence[Recorded]:
        """Return the last event of each stream that has events."""
        ...

    async def approvals(self) -> Sequence[UUID]:
        """Return the streams of measures that need approval, oldest first."""
        ...

    async def next_case_number(self) -> str:
        """Return a unique number such as `INC-0000123`. Numbers may have gaps (R-4.2b)."""
        ...

    async def next_problem_number(self) -> str:
        """Return a unique number such as `PRB-0000007`."""
        ...

    async def answer(self, key: bytes) -> KeptAnswer | None:
        """Return the answer stored under an idempotency key, or None."""
        ...

    async def pseudonym_key(self) -> bytes:
        """Return the secret key for pseudonyms of contact data."""
        ...

    async def disclosed(self, subject: str) -> Sequence[Disclosed]:
        """Return the vault's data on a person, by stream and kind."""
        ...

    async def begun(self, subject: str, topic: str, since: UUID) -> Sequence[UUID]:
        """Return the latest streams of a person that begin with a topic, from an id (`uuid7`) on, oldest first.

        At most a hundred: enough to check a limit.
        """
        ...

    def content(self, id: UUID, version: int, digest: str) -> AsyncIterator[bytes]:  # noqa: A002
        """Yield a file of the vault in pieces; nothing if it does not exist or was erased."""
        ...
