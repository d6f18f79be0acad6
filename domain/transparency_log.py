"""The transparency log's own history, on the record it seals: its keys, restarts, and attestations of the views.

A replay of the record shows when a key came and went. These events are sealed like all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import Forbidden
from domain.values import Actor, Disclosure, Provenance, Role

COMMANDS = ("introduce_key", "retire_key", "restart_log", "attest")


def authorise_log(actor: Actor, command: str) -> None:
    """Refuse everybody but the operator, who has the sealer's keys and the database at hand. Raises Forbidden."""
    if actor.role is not Role.SYSTEM:
        raise Forbidden(f"{command.replace('_', ' ')} is for the operator, by the command line; you are {actor.role}.")


@dataclass(frozen=True)
class Attestation:
    """A comparison of the views with a fold of all events up to a position."""

    position: int
    events: int
    differences: dict[str, int]
    """Number of differing rows by view; empty where all are equal."""
    log_origin: str
    size: int
    root: str
    """Root hash in base64, as in the checkpoint that was current."""


class TransparencyLog(Root):
    """The history of the log itself."""

    TOPIC: ClassVar[str] = "log"

    def begin(self) -> None:
        """Start without introduced keys."""
        self.keys: tuple[str, ...] = ()
        """Verifier keys that a rotation introduced and that are not retired."""

    @classmethod
    def open_history(cls, id: UUID, origin: str, provenance: Provenance) -> Self:
        """Open the history of the current log."""
        return cls.open(LogOpened, id, provenance, log_origin=origin)

    def introduce_key(self, vkey: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record that a key signs too from now on."""
        self.record(LogKeyIntroduced, provenance, vkey=vkey, reason=reason)

    def retire_key(self, vkey: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record that a key no longer signs."""
        self.record(LogKeyRetired, provenance, vkey=vkey, reason=reason)

    def restart(
        self,
        origin: str,
        previous_origin: str,
        previous_size: int,
        provenance: Provenance,
        *,
        reason: Disclosure | None,
    ) -> None:
        """Record that a new log began over a restored database. Its leaf 0 says the same."""
        told = {"log_origin": origin, "previous_origin": previous_origin, "previous_size": previous_size}
        self.record(LogRestarted, provenance, **told, reason=reason)

    def attest(self, attestation: Attestation, provenance: Provenance) -> None:
        """Record a comparison of the views with the events."""
        self.record(LogAttested, provenance, **vars(attestation))


class LogOpened(Opening):
    """The history of a log was opened."""

    TOPIC = "log.opened"
    log_origin: str

    def _fold(self, log: TransparencyLog) -> None:
        log.number = self.log_origin


class LogKeyIntroduced(Recorded):
    """A key signs the log from now on."""

    TOPIC = "log.key_introduced"
    vkey: str

    def _fold(self, log: TransparencyLog) -> None:
        log.keys = (*log.keys, self.vkey)


class LogKeyRetired(Recorded):
    """A key no longer signs the log."""

    TOPIC = "log.key_retired"
    vkey: str

    def _fold(self, log: TransparencyLog) -> None:
        log.keys = tuple(key for key in log.keys if key != self.vkey)


class LogRestarted(Recorded):
    """A new log began over a restored database."""

    TOPIC = "log.restarted"
    log_origin: str
    previous_origin: str
    previous_size: int

    def _fold(self, log: TransparencyLog) -> None:
        log.number = self.log_origin


class LogAttested(Recorded):
    """The views were compared with the events."""

    TOPIC = "log.attested"
    position: int
    events: int
    differences: dict[str, int]
    log_origin: str
    size: int
    root: str


EVENTS = register((LogOpened, LogKeyIntroduced, LogKeyRetired, LogRestarted, LogAttested), TransparencyLog)
