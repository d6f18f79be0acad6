"""Who asks, through what, under which precondition, and the answer they get."""

from __future__ import annotations

from dataclasses import dataclass

from domain.aggregate import Root
from domain.case import Case
from domain.values import Actor


@dataclass(frozen=True)
class Idempotency:
    """A client's key as it is kept: two digests, and the status its answer will have."""

    key: bytes
    request: bytes
    status: int = 200


@dataclass(frozen=True)
class Request:
    """What every command takes beside its own words."""

    actor: Actor
    interface: str
    expected: int | None = None
    """The version the caller has seen; None for whatever it is now."""
    idempotency: Idempotency | None = None
    request_id: str | None = None
    trace_id: str | None = None
    causation: int | None = None
    """Position of the event that made the system act."""
    key: str | None = None
    """Id of the key that admitted a monitoring source. The key, and no grant, must then still be valid."""
    reason: str | None = None
    """Why, in the caller's words."""


@dataclass(frozen=True)
class Committed:
    """A command is done: what it changed, as it left it, and the position of its last event."""

    root: Root
    position: int
    replayed: bool = False

    @property
    def case(self) -> Case:
        """The case, where the command was on one."""
        assert isinstance(self.root, Case)
        return self.root


class ApplicationError(Exception):
    """The application refuses: for the state the request was made in, not for a rule of the desk."""


class StaleVersion(ApplicationError):
    """It has changed since the caller read it."""

    def __init__(self, number: str, expected: int, current: int) -> None:
        super().__init__(f"{number} is at version {current}; you acted on version {expected}")
        self.number, self.expected, self.current = number, expected, current


class KeyReused(ApplicationError):
    """The idempotency key was used before, for another request."""


class KeyInProgress(ApplicationError):
    """The first request with this idempotency key has not been answered yet."""


class Busy(ApplicationError):
    """Others kept changing it; try again."""
