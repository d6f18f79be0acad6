"""SOP 4.1a, 7.1: who changed the policy, an entry or a person's grants: when, how and why. From the events alone."""

from __future__ import annotations

from uuid import UUID

from application.administration.catalogue import KINDS
from application.administration.policy import POLICY_STREAM
from application.execution.reference import entry_id
from application.execution.runner import CommandRunner
from application.ports import Entry
from domain.errors import NotFound


class OfficeChanges:
    """Reads the histories of what the administrator maintains."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def of_policy(self) -> list[Entry]:
        """Return every change of the policy, oldest first. Raises NotFound before the desk has adopted one."""
        return await self._of(POLICY_STREAM, "The desk has no policy yet.")

    async def of_entry(self, kind: str, code: str) -> list[Entry]:
        """Return every change of an entry, oldest first. Raises NotFound."""
        return await self._of(entry_id(KINDS[kind].TOPIC, code), f"There is no entry {code} in {kind}.")

    async def of_access(self, subject: str) -> list[Entry]:
        """Return every grant and every revocation of a person, oldest first. Raises NotFound."""
        return await self._of(entry_id("access", subject), f"There is no grant for {subject}.")

    async def _of(self, stream: UUID, missing: str) -> list[Entry]:
        entries = await self._runner.store.history(stream)
        if not entries:
            raise NotFound(missing)
        return entries
