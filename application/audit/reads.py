"""Who read whose words: what is kept of a read, and the port that keeps it.

Reading is no decision of the desk, so it is not of the record: it stands in a table beside, for as long as the policy says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from application.views.questions import Listing, Page
from domain.case import Case
from domain.case.status import STAFF
from domain.clock import Clock
from domain.errors import Forbidden
from domain.policy import Policy
from domain.values import Actor, Role

_NOTED = frozenset({*STAFF, Role.ADMIN})


class What(StrEnum):
    """What somebody read."""

    CASE = "case"
    HISTORY = "history"
    FILE = "file"
    MESSAGE = "message"
    BUNDLE = "bundle"
    PROBLEM = "problem"
    CUSTOMER = "customer"
    LIST = "list"
    """A page of a list or of what a search found: as of its position it shows which subjects were read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One read of words that can be erased. It holds none of them."""

    read_at: datetime
    reader: Actor
    through: str
    """`http` or `console`."""
    what: What
    about: str
    """The number of a case or a problem, the id of a message, the name of a list."""
    stream: UUID | None = None
    version: int | None = None
    """The version that was read."""
    position: int | None = None
    """The position of what was read; without one, that of the version."""


@dataclass(frozen=True)
class ReadFilter:
    """Which reads are asked for."""

    about: str | None = None
    reader: str | None = None
    customer: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class KeptReads(Protocol):
    """The table of reads."""

    async def add(self, readings: list[Reading]) -> None:
        """Keep reads. Raises psycopg.Error."""
        ...

    async def page(self, wanted: ReadFilter, page: Page) -> Listing:
        """Return reads, newest first."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove reads from before a time; returns how many."""
        ...


def authorise_reads(actor: Actor) -> None:
    """Check that the actor may see who read what. Raises Forbidden, which names the role."""
    if actor.role is not Role.AUDITOR:
        raise Forbidden(f"this needs the role {Role.AUDITOR}; you are {actor.role}")


class Readings:
    """Takes note of reads, and keeps them later: nobody who reads waits for it.

    They wait in memory until `flush`, at most `MOST` of them. The policy in force then decides whether they are kept.
    """

    MOST = 20_000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Reading] = []
        self.lost = 0
        """Reads that could not be kept, since the database did not take them for too long."""

    def note(
        self,
        reader: Actor,
        through: str,
        what: What,
        about: str,
        *,
        case: Case | None = None,
        position: int | None = None,
    ) -> None:
        """Take note that somebody of the organisation read something. What customers read of their own is not noted."""
        if reader.role not in _NOTED:
            return
        if len(self._waiting) >= self.MOST:
            self.lost += 1
            return
        stream, version = (None, None) if case is None else (case.id, case.version)
        self._waiting.append(Reading(self._clock.now(), reader, through, what, about, stream, version, position))

    async def flush(self, kept: KeptReads, policy: Callable[[], Awaitable[Policy]]) -> int:
        """Keep what waits, if the policy says so; returns how many. What could not be kept waits on. Raises psycopg.Error.

        The policy is asked for afterwards: it is at least as new as the reads.
        """
        taken, self._waiting = self._waiting, []
        if not taken:
            return 0
        try:
            if not (await policy()).reads_recorded:
                return 0
            await kept.add(taken)
        except BaseException:
            room = max(0, self.MOST - len(self._waiting))
            self.lost += max(0, len(taken) - room)
            self._waiting = [*taken[:room], *self._waiting]
            raise
        return len(taken)
