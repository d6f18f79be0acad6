"""Lanes: the roads to webhooks. The live one follows the ledger, and each replay or ping has one of its own.

The ports that delivery needs stand here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from application.processes.webhook_message import OutgoingEvent
from domain.readers.webhook import ListedWebhook

LIVE = 0
"""The number of the lane that follows the ledger. Any other lane's is the version of the event that ordered it."""


@dataclass
class Lane:
    """A road to one webhook."""

    webhook: str
    number: int
    position: int
    """Everything up to here was delivered or not asked for."""
    until: int | None = None
    """Its last position; None for the live lane."""
    failures: int = 0
    """How often the next event has failed."""
    due_at: datetime | None = None
    """When it is tried again."""
    version: int = 0
    """The webhook's version that the failures are of: each change of a webhook is a new chance."""
    kept: int = 0
    """The position in the database."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left of a replay."""
        return self.until is not None and self.position >= self.until


@dataclass(frozen=True)
class Reply:
    """What became of one attempt."""

    milliseconds: int
    status: int | None = None
    error: str | None = None
    """The kind of failure, where no status tells it: `timeout`, `tls`, `address` ..."""
    retry_after: timedelta = timedelta()

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has the message."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Stretch:
    """The events of a lane up to a position."""

    events: Sequence[OutgoingEvent]
    reached: int


class Lanes(Protocol):
    """Keeps the place of each lane and the log of deliveries."""

    async def open(self, webhooks: Sequence[ListedWebhook]) -> list[Lane]:
        """Open the lanes that are new. Returns those that are not done."""
        ...

    async def read(self, lane: Lane, topics: Sequence[str], limit: int) -> Stretch:
        """Return the next events of a lane."""
        ...

    async def keep(self, lane: Lane) -> None:
        """Keep the lane's place."""
        ...

    async def attempted(self, lane: Lane, event: OutgoingEvent, attempt: int, at: datetime, reply: Reply) -> None:
        """Keep the lane's place and the attempt, in one transaction."""
        ...

    async def stand(self, webhook: str, pause: str | None) -> None:
        """Keep why nothing is sent to a webhook."""
        ...

    async def prune(self, before: datetime) -> None:
        """Delete old attempts, a slice at a time."""
        ...


class Carrier(Protocol):
    """Carries messages to receivers."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """Send one message. Raises nothing for whatever a receiver does."""
        ...


@dataclass(frozen=True)
class Rules:
    """What the operator set."""

    source: str
    """Where the events come from: the desk's address."""
    retries: Sequence[timedelta]
    """Pauses between tries. After the last try the webhook is disabled."""
    kept: timedelta
    """How long attempts are kept."""
