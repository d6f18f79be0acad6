"""The transparency log's own history on the record it seals: its keys, its restarts, and what was attested of the views.

So that whoever replays the record sees when a key came and went, and each of these is sealed as everything else is.
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
    """Refuse whoever is not the operator: these need the sealer's keys or the database at hand. Raises Forbidden."""
    if actor.role is not Role.SYSTEM:
        raise Forbidden(f"{command.replace('_', ' ')} is for the operator, by the command line; you are {actor.role}")


@dataclass(frozen=True)
class Attestation:
    """That the views equal a fold of all events up to a position, or in how many rows they differ."""

    position: int
    events: int
    differences: dict[str, int]
    """Rows that differ, by view; empty when all is equal."""
    log_origin: str
    size: int
    root: str
    """Base64, as in the checkpoint that was current."""


class TransparencyLog(Root):
    """What happened to the log itself."""

    TOPIC: ClassVar[str] = "log"

    def begin(self) -> None:
        self.keys: tuple[str, ...] = ()
        """Verifier keys that were introduced by a rotation and not retired since."""

    @classmethod
    def open_history(cls, id: UUID, origin: str, provenance: Provenance) -> Self:  # noqa: A002 - the library's own name
        """Begin the history of the log that is current."""
        return cls.open(LogOpened, id, provenance, log_origin=origin)

    def introduce_key(self, vkey: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """From now on it signs as well, beside those that did."""
        self.record(LogKeyIntroduced, provenance, vkey=vkey, reason=reason)

    def retire_key(self, vkey: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """From now on it signs no more."""
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
        """A new log was begun over a restored database; its leaf 0 says the same."""
        self.record(
            LogRestarted,
            provenance,
            log_origin=origin,
            previous_origin=previous_origin,
            previous_size=previous_size,
            reason=reason,
        )

    def attest(self, attestation: Attestation, provenance: Provenance) -> None:
        """Record how the views compared with the events."""
        self.record(LogAttested, provenance, **vars(attestation))


class LogOpened(Opening):
    TOPIC = "log.opened"
    log_origin: str

    def _fold(self, log: TransparencyLog) -> None:
        log.number = self.log_origin


class LogKeyIntroduced(Recorded):
    TOPIC = "log.key_introduced"
    vkey: str

    def _fold(self, log: TransparencyLog) -> None:
        log.keys = (*log.keys, self.vkey)


class LogKeyRetired(Recorded):
    TOPIC = "log.key_retired"
    vkey: str

    def _fold(self, log: TransparencyLog) -> None:
        log.keys = tuple(key for key in log.keys if key != self.vkey)


class LogRestarted(Recorded):
    TOPIC = "log.restarted"
    log_origin: str
    previous_origin: str
    previous_size: int

    def _fold(self, log: TransparencyLog) -> None:
        log.number = self.log_origin


class LogAttested(Recorded):
    TOPIC = "log.attested"
    position: int
    events: int
    differences: dict[str, int]
    log_origin: str
    size: int
    root: str

    def _fold(self, log: TransparencyLog) -> None:
        pass


EVENTS = register((LogOpened, LogKeyIntroduced, LogKeyRetired, LogRestarted, LogAttested), TransparencyLog)
