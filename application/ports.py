"""What the application needs of the outside, as protocols; and what the outside may answer it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.aggregate import Recorded
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


class Register(Protocol):
    """Numbers, keys and pseudonyms: the write side's look-ups, never behind the events."""

    def find(self, number: str) -> UUID | None:
        """The aggregate that a number was given to."""
        ...

    def any_case(self) -> bool:
        """Whether any case was ever logged."""
        ...

    def existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of the aggregates that have events."""
        ...

    def reference_events(self, after: int) -> Sequence[tuple[int, Recorded]]:
        """The events of catalogue, policy and grants after a position, with theirs."""
        ...

    def latest(self, ids: Collection[UUID]) -> Sequence[Recorded]:
        """The last event of each of these streams that has any."""
        ...

    def approvals(self) -> Sequence[UUID]:
        """The streams of measures that need an approval, oldest first."""
        ...

    def next_case_number(self) -> str: ...

    def next_problem_number(self) -> str: ...

    def answer(self, key: bytes) -> KeptAnswer | None:
        """The answer kept under an idempotency key."""
        ...

    def pseudonym_key(self) -> bytes:
        """The secret under which contact data become a customer's stable id."""
        ...

    def disclosed(self, subject: str) -> Sequence[Disclosed]:
        """What the vault has of somebody, by stream and kind."""
        ...

    def begun(self, subject: str, topic: str, since: UUID) -> Sequence[UUID]:
        """The latest streams about somebody that begin with an event of a topic, from an id (`uuid7`) on, oldest first.

        At most a hundred: it tells whether a limit is reached, not by how much.
        """
        ...

    def content(self, id: UUID, version: int, digest: str) -> Iterator[bytes]:  # noqa: A002
        """A file of the vault in pieces; none when there is no such, or no longer."""
        ...

    def history(self, id: UUID, *, after: int = 0, until: int | None = None) -> list[Entry]:  # noqa: A002
        """The events of an aggregate with their disclosures, oldest first."""
        ...
