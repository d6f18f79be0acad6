"""The transparency log as the application knows it: what it asks of it, and what it records of its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.catalogue import reason_about
from application.execution.attempt import Attempt
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.errors import Forbidden
from domain.transparency_log import Attestation, TransparencyLog, authorise_log
from domain.values import Actor, Role

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

    def last_event(self) -> int:
        """The position of the last event, sealed or not; 0 without events."""
        ...


def authorise_auditing(actor: Actor) -> None:
    """Refuse whoever may not take a whole case out of the house: an auditor may. Raises Forbidden, naming the role."""
    if actor.role is not Role.AUDITOR:
        raise Forbidden(f"this needs the role {Role.AUDITOR}; you are {actor.role}")


class LogHistory:
    """Records what happened to the log itself; for the operator, who has its keys at hand."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def introduce_key(self, origin: str, vkey: str, request: Request) -> Committed:
        """Record that a key signs from now on, beside the others. Raises Forbidden."""
        return await self._on_log(
            "introduce_key",
            origin,
            request,
            lambda log, on: log.introduce_key(vkey, on.provenance, reason=reason_about("log", on)),
        )

    async def retire_key(self, origin: str, vkey: str, request: Request) -> Committed:
        """Record that a key signs no more. Raises Forbidden."""
        return await self._on_log(
            "retire_key",
            origin,
            request,
            lambda log, on: log.retire_key(vkey, on.provenance, reason=reason_about("log", on)),
        )

    async def restarted(self, origin: str, previous: tuple[str, int], request: Request) -> Committed:
        """Record that a new log was begun over a restored database, and why. Raises Forbidden."""
        return await self._on_log(
            "restart_log",
            origin,
            request,
            lambda log, on: log.restart(origin, *previous, on.provenance, reason=reason_about("log", on)),
        )

    async def attest(self, attestation: Attestation, request: Request) -> Committed:
        """Record how the views compared with a fold of the events. Raises Forbidden."""
        return await self._on_log(
            "attest", attestation.log_origin, request, lambda log, on: log.attest(attestation, on.provenance)
        )

    async def _on_log(
        self, command: str, origin: str, request: Request, decide: Callable[[TransparencyLog, Attempt], None]
    ) -> Committed:
        authorise_log(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            log = await self._runner.repository.find(TransparencyLog, LOG_STREAM)
            if log is None:
                log = TransparencyLog.open_history(LOG_STREAM, origin, on.provenance)
            decide(log, on)
            return await self._runner.commit(log, on)

        return await self._runner.try_until_committed("the log", request, attempt)
