"""The transparency log: the port to read it, and the commands that record its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.administration.catalogue import reason_about
from application.execution.attempt import Attempt
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.errors import Forbidden
from domain.transparency_log import Attestation, TransparencyLog, authorise_log
from domain.values import Actor, Role

UNSEALED_ALARM = 30.0
"""Seconds that an event may stay unsealed before an alarm: a hundred times the usual delay."""
LOG_STREAM = entry_id("log", "log")
"""Stream of the log's own history."""


@dataclass(frozen=True)
class KeptCheckpoint:
    """A signed checkpoint in a list."""

    log: int
    size: int
    position: int
    sealed_at: datetime
    note: str


class NotSealed(Exception):
    """The log does not contain it yet; try again."""


class SealedLog(Protocol):
    """The served log: never behind the published one."""

    def checkpoint(self, log: int | None = None) -> str | None:
        """The newest checkpoint of a log, the current one if none is named: a signed note with its witnesses'
        cosignatures; None when nothing is sealed in it."""
        ...

    def tile(self, path: str, log: int | None = None) -> tuple[int, bytes] | None:
        """A tile or a bundle of entries by its path below the log's root (C2SP tlog-tiles), of the current log if none is
        named, and that log's number: 1, or one more for each restart. None when there is none."""
        ...

    def checkpoints(self, after: tuple[int, int] | None, limit: int) -> Sequence[KeptCheckpoint]:
        """Return checkpoints before a log and size, newest first."""
        ...

    def bundle(self, number: str, *, files: bool = False) -> bytes:
        """Return a case's bundle as a zip. Waits until its last event is sealed. Raises NotSealed, NotFound."""
        ...

    def last_event(self) -> int:
        """Return the position of the last event, sealed or not; 0 without events."""
        ...


def authorise_auditing(actor: Actor) -> None:
    """Check that the actor may export a whole case, as auditors may. Raises Forbidden, which names the role."""
    if actor.role is not Role.AUDITOR:
        raise Forbidden(f"this needs the role {Role.AUDITOR}; you are {actor.role}")


class LogHistory:
    """Records events of the log itself, for the operator, who has its keys."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def introduce_key(self, origin: str, vkey: str, request: Request) -> Committed:
        """Record an additional signing key. Raises Forbidden."""
        return await self._on_log(
            "introduce_key",
            origin,
            request,
            lambda log, on: log.introduce_key(vkey, on.provenance, reason=reason_about("log", on)),
        )

    async def retire_key(self, origin: str, vkey: str, request: Request) -> Committed:
        """Record that a key no longer signs. Raises Forbidden."""
        return await self._on_log(
            "retire_key",
            origin,
            request,
            lambda log, on: log.retire_key(vkey, on.provenance, reason=reason_about("log", on)),
        )

    async def restarted(self, origin: str, previous: tuple[str, int], request: Request) -> Committed:
        """Record the start of a new log over a restored database, and the reason. Raises Forbidden."""
        return await self._on_log(
            "restart_log",
            origin,
            request,
            lambda log, on: log.restart(origin, *previous, on.provenance, reason=reason_about("log", on)),
        )

    async def attest(self, attestation: Attestation, request: Request) -> Committed:
        """Record the result of comparing the views with a fold of the events. Raises Forbidden."""
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
