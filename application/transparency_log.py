"""The transparency log as the application knows it: what it asks of it, and what it records of its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.execution.reference import Reference, entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import Casework
from domain.errors import Forbidden
from domain.transparency_log import Attestation, TransparencyLog, authorise_log
from domain.values import Actor, Disclosure, DisclosureKind, Provenance, Role

UNSEALED_ALARM = 30.0
"""Seconds that an event may be unsealed before somebody should look: a hundred times what it usually takes."""
LOG_STREAM = entry_id("log", "log")
"""The stream of the log's own history."""


@dataclass(frozen=True)
class KeptCheckpoint:
    """A signed checkpoint as lists show it."""

    log: int
    size: int
    position: int
    sealed_at: datetime
    note: str


class NotSealed(Exception):
    """What was asked for is not in the log yet; say again."""


class SealedLog(Protocol):
    """The log as it is served: never behind what was published."""

    def checkpoint(self, log: int | None = None) -> str | None:
        """The newest checkpoint of a log, the current one if none is named: a signed note with its witnesses'
        cosignatures; None when nothing is sealed in it."""
        ...

    def tile(self, path: str, log: int | None = None) -> tuple[int, bytes] | None:
        """A tile or a bundle of entries by its path below the log's root (C2SP tlog-tiles), of the current log if none is
        named, and that log's number: 1, or one more for each restart. None when there is none."""
        ...

    def checkpoints(self, after: tuple[int, int] | None, limit: int) -> Sequence[KeptCheckpoint]:
        """Checkpoints, newest first, before a log and size."""
        ...

    def bundle(self, number: str, *, files: bool = False) -> bytes:
        """A case's bundle as a zip, once its last event is sealed: waits for it. Raises NotSealed, NotFound."""
        ...


def authorise_auditing(actor: Actor) -> None:
    """Refuse whoever may not take a whole case out of the house: an auditor may. Raises Forbidden, naming the role."""
    if actor.role is not Role.AUDITOR:
        raise Forbidden(f"this needs the role {Role.AUDITOR}; you are {actor.role}")


class Sealing(Casework):
    """Records what happened to the log itself; for the operator, who has its keys at hand."""

    def introduce_key(self, origin: str, vkey: str, reason: str | None, request: Request) -> Committed:
        """A key signs from now on, beside the others. Raises Forbidden."""
        return self._on_log(
            "introduce_key", origin, reason, request, lambda log, by, why: log.introduce_key(vkey, by, reason=why)
        )

    def retire_key(self, origin: str, vkey: str, reason: str | None, request: Request) -> Committed:
        """A key signs no more. Raises Forbidden."""
        return self._on_log(
            "retire_key", origin, reason, request, lambda log, by, why: log.retire_key(vkey, by, reason=why)
        )

    def restarted(self, origin: str, previous: tuple[str, int], reason: str, request: Request) -> Committed:
        """A new log was begun over a restored database. Raises Forbidden."""
        return self._on_log(
            "restart_log", origin, reason, request, lambda log, by, why: log.restart(origin, *previous, by, reason=why)
        )

    def attest(self, attestation: Attestation, request: Request) -> Committed:
        """Record how the views compared with a fold of the events. Raises Forbidden."""
        return self._on_log(
            "attest", attestation.log_origin, None, request, lambda log, by, _: log.attest(attestation, by)
        )

    def _on_log(
        self,
        command: str,
        origin: str,
        reason: str | None,
        request: Request,
        decide: Callable[[TransparencyLog, Provenance, Disclosure | None], None],
    ) -> Committed:
        authorise_log(request.actor, command)

        def attempt(reference: Reference) -> Committed:
            provenance = self._provenance(request)
            known = self.register.existing([LOG_STREAM])
            log: TransparencyLog = (
                self.repository.get(LOG_STREAM)
                if known
                else TransparencyLog.open_history(LOG_STREAM, origin, provenance)
            )
            decide(log, provenance, self._say("log", DisclosureKind.STAFF_WORDS, {"reason": reason}))
            return self._commit(log, (), request, reference)

        return self._decide("the log", request, attempt)
