"""Admission: a caller acts in one of their granted roles (R-7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from application.execution.principals import Principal
from application.execution.reference import Reference, References
from domain.clock import Clock
from domain.errors import Forbidden
from domain.values import Actor, Role


class Admission:
    """Finds the role that a caller acts in."""

    def __init__(self, references: References, clock: Clock) -> None:
        self._references, self._clock = references, clock

    async def admit(self, principal: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor:
        """Return the caller in their first granted role that may act, else in a granted role that is then refused.

        Raises Forbidden when no role in their token is granted.
        """
        reference = await self._references.current()
        granted = self._granted(principal, reference)
        if not set(granted) & set(among):  # a newer grant may be on the record
            granted = self._granted(principal, await self._references.newer_than(reference) or reference)
        if not granted:
            raise Forbidden(f"no grant of the role {' or '.join(principal.roles)} is in force for {principal.subject}")
        role = next((role for role in granted if role in among), granted[0])
        return Actor(principal.subject, role, principal.team)

    def admitted(self, principal: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor | None:
        """Admit from memory alone. Returns None where the record must be read. Raises Unauthenticated."""
        reference = self._references.known
        granted = self._granted(principal, reference) if reference else ()
        role = next((role for role in granted if role in among), None)
        return Actor(principal.subject, role, principal.team) if role else None

    def _granted(self, principal: Principal, reference: Reference) -> list[Role]:
        now = self._clock.now()
        if principal.key is not None:
            reference.require_key(principal.subject, principal.key)
        return [role for role in principal.roles if reference.granted(principal.subject, role, principal.team, now)]
