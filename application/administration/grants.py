"""SOP 7.1: the administrator grants and revokes roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from application.administration.catalogue import authorise_office, commit_reference, reason_about
from application.execution.attempt import Attempt
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from domain.access import Access, AccessGranted, Grant
from domain.errors import NotFound
from domain.values import Role


class Grants:
    """Commands on grants. Each takes effect in every process with its commit (`execution/reference.py`)."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def access(self, subject: str) -> Access:
        """Return a subject's grants. Raises NotFound."""
        access = await self._runner.repository.find(Access, entry_id("access", subject))
        if access is None:
            raise NotFound(f"There is no grant for {subject}.")
        return access

    async def grant(self, subject: str, grant: Grant, request: Request) -> Committed:
        """Grant a role (R-7.1). Raises Forbidden, Invalid."""
        authorise_office(request.actor, "grant")

        def decide(access: Access, on: Attempt) -> None:
            since = max(grant.since, on.at)
            access.grant(replace(grant, since=since), on.provenance, reason=reason_about(f"access:{subject}", on))

        return await self._on_access(subject, request, decide)

    async def revoke(self, subject: str, role: Role, team: str | None, request: Request) -> Committed:
        """Revoke a grant. It counts from the next request (R-7.1). Raises Forbidden, Invalid."""
        authorise_office(request.actor, "revoke")

        def decide(access: Access, on: Attempt) -> None:
            access.revoke(role, team, on.provenance, reason=reason_about(f"access:{subject}", on))

        return await self._on_access(subject, request, decide)

    async def ensure(
        self, subject: str, role: Role, team: str | None, until: datetime | None, request: Request, *, anew: bool
    ) -> bool:
        """Grant the role that a token needs unless a grant is in force. Returns whether one is in force afterwards.

        ``anew`` grants a role again after it was revoked or has expired. Raises Forbidden, Invalid.
        """
        now = self._runner.clock.now()
        of_team = team if role is Role.TEAM_MEMBER else None
        await self._runner.references.refresh()  # this process may have missed a revocation
        if (await self._runner.references.current()).granted(subject, role, of_team, now):
            return True
        if not anew and await self._ever_granted(subject, role, of_team):
            return False
        await self.grant(subject, Grant(role, of_team, request.actor.subject, now, until), request)
        return True

    async def _ever_granted(self, subject: str, role: Role, team: str | None) -> bool:
        """Whether this grant ever existed. It then ended by revocation or expiry."""
        entries = await self._runner.store.history(entry_id("access", subject))
        events = [entry.event for entry in entries]
        return any(isinstance(event, AccessGranted) and (event.role, event.team) == (role, team) for event in events)

    async def _on_access(self, subject: str, request: Request, decide: Callable[[Access, Attempt], None]) -> Committed:
        async def attempt(on: Attempt) -> Committed:
            stream = entry_id("access", subject)
            access = await self._runner.repository.find(Access, stream) or Access.of(stream, subject, on.provenance)
            if not access.is_new:
                expect(access, request)
            decide(access, on)
            return await commit_reference(self._runner, access, on)

        return await self._runner.run(subject, request, attempt)
