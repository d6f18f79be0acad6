"""Requests: the caller, the channel, the preconditions, and the answer."""

from __future__ import annotations

from dataclasses import dataclass

from domain.aggregate import Root
from domain.case import Case
from domain.values import Actor


@dataclass(frozen=True)
class Idempotency:
    """A client's idempotency key as stored: two digests and the status of its answer."""

    key: bytes
    request: bytes
    status: int = 200


@dataclass(frozen=True)
class Request:
    """What every command takes besides its own body."""

    actor: Actor
    interface: str
    expected: int | None = None
    """The version that the caller has seen, or None for no precondition."""
    idempotency: Idempotency | None = None
    request_id: str | None = None
    trace_id: str | None = None
    causation: int | None = None
    """Position of the event that caused the system to act."""
    key: str | None = None
    """Id of the key that admitted a monitoring source. The key replaces a grant and must still be valid."""
    reason: str | None = None
    """The caller's reason, in their words."""


@dataclass(frozen=True)
class Committed:
    """A committed command: the aggregates as it left them, and the position of its last event."""

    root: Root
    position: int
    replayed: bool = False

    @property
    def case(self) -> Case:
        """The case, if the command was on a case."""
        assert isinstance(self.root, Case)
        return self.root


class ApplicationError(Exception):
    """The application refuses a request for its circumstances, not for a rule of the SOP."""


class StaleVersion(ApplicationError):
    """The aggregate has changed since the caller read it."""

    def __init__(self, number: str, expected: int, current: int) -> None:
        super().__init__(f"{number} is at version {current}; you acted on version {expected}")
        self.number, self.expected, self.current = number, expected, current


class KeyReused(ApplicationError):
    """The idempotency key belongs to an earlier, different request."""


class KeyInProgress(ApplicationError):
    """The first request with this idempotency key has not been answered yet."""


class Busy(ApplicationError):
    """Other commands kept changing the aggregate; try again."""
