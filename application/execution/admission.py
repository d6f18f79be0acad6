"""Admission: a caller acts in one of their granted roles (R-7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from application.execution.principals import Principal
from application.execution.reference import Reference, References
from domain.clock import Clock
from domain.errors import Forbidden
from domain.values import Actor, Role

Standing = tuple[Role, str | None]
"""A role that somebody may act in, and the team."""


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
        if not any(role in among for role, _ in granted):  # a newer grant may be on the record
            reference = await self._references.newer_than(reference) or reference
            granted = self._granted(principal, reference)
        if not granted:
            raise Forbidden(_why_not(principal, reference))
        role, team = next((each for each in granted if each[0] in among), granted[0])
        return Actor(principal.subject, role, team)

    def admitted(self, principal: Principal, among: Sequence[Role] | frozenset[Role]) -> Actor | None:
        """Admit from memory alone. Returns None where the record must be read. Raises Unauthenticated."""
        reference = self._references.known
        granted = self._granted(principal, reference) if reference else ()
        found = next((each for each in granted if each[0] in among), None)
        return Actor(principal.subject, *found) if found else None

    def _granted(self, principal: Principal, reference: Reference) -> list[Standing]:
        now = self._clock.now()
        if principal.key is not None:
            reference.require_key(principal.subject, principal.key)
        return [each for each in _standings(principal, reference) if reference.granted(principal.subject, *each, now)]


def _standings(principal: Principal, reference: Reference) -> list[Standing]:
    """The roles that a token names, then those that its groups stand for by the policy in force."""
    of_groups = ((each.role, each.team) for each in reference.policy.groups if each.group in principal.groups)
    return list(dict.fromkeys((*((role, principal.team) for role in principal.roles), *of_groups)))


def _why_not(principal: Principal, reference: Reference) -> str:
    roles = dict.fromkeys(role for role, _ in _standings(principal, reference))
    if not roles:
        return f"none of the groups of {principal.subject} stands for a role here"
    return f"no grant of the role {' or '.join(roles)} is in force for {principal.subject}"
