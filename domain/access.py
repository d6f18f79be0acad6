"""SOP 6-7: which role may give a command, and who holds a role by a recorded authorisation (R-6a, R-7.1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import ContradictsRecord, Forbidden, Invalid, UnknownReference
from domain.values import Actor, Disclosure, Provenance, Role

NOT_GRANTED = frozenset({Role.SYSTEM, Role.EXTERNAL})
"""Roles in which nobody signs in."""


@dataclass(frozen=True)
class CommandRule:
    """The states in which a command is possible, and the roles that may give it."""

    since: frozenset[StrEnum]
    who: frozenset[Role]


def require_role(actor: Actor, command: str, allowed: Collection[Role]) -> None:
    """Refuse a role that may not give a command (R-6a). Raises Forbidden, naming the roles that may."""
    if actor.role not in allowed:
        name = command.replace("_", " ")
        raise Forbidden(f"{name} needs the role {' or '.join(sorted(allowed))}; you are {actor.role}.")


@dataclass(frozen=True)
class Grant:
    """One authorisation, in force from ``since`` until ``until``; without end where that is None."""

    role: Role
    team: str | None
    approved_by: str
    since: datetime
    until: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether the grant is in force at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


class Access(Root):
    """The grants of one person."""

    TOPIC: ClassVar[str] = "access"

    subject: str

    def begin(self) -> None:
        """Start without any grant."""
        self.grants: dict[tuple[Role, str | None], Grant] = {}

    @classmethod
    def of(cls, id: UUID, subject: str, provenance: Provenance) -> Self:
        """Open a person's record, with no grant in it."""
        return cls.open(AccessOpened, id, provenance, subject=subject)

    def grant(self, grant: Grant, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Grant a role. A grant replaces an earlier one of the same role and team.

        Raises Forbidden for a grant to oneself. Raises Invalid for a role nobody signs in with, and for a grant that its
        holder approved. Raises Invalid for a missing or needless team, and for an end before the start. Raises Invalid for
        a gap after the grant in force.
        """
        if provenance.by.subject == self.subject:
            raise Forbidden("Nobody grants themselves a role. Ask another administrator, or the operator.")
        if grant.approved_by == self.subject:
            raise Invalid("Nobody approves their own grant.", "/approved_by")
        if grant.role in NOT_GRANTED:
            raise Invalid(f"Nobody signs in as {grant.role}.", "/role")
        if (grant.role is Role.TEAM_MEMBER) != (grant.team is not None):
            raise Invalid("A team member's grant names a team; no other grant does.", "/team")
        if grant.until is not None and grant.until <= max(grant.since, provenance.at):
            raise Invalid("A grant ends after it starts, and not in the past.", "/until")
        known = self.grants.get((grant.role, grant.team))
        if known is not None and known.in_force(provenance.at) and grant.since > provenance.at:
            raise ContradictsRecord("The grant in force would end now. Let the new one start now too.", "/since")
        self.record(AccessGranted, provenance, **vars(grant), reason=reason)

    def revoke(self, role: Role, team: str | None, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Revoke a grant from the next request on (R-7.1). Raises Invalid where there is none."""
        if (role, team) not in self.grants:
            raise UnknownReference(f"{self.subject} has no such grant.", "/role")
        self.record(AccessRevoked, provenance, role=role, team=team, reason=reason)

    def may_act_as(self, role: Role, team: str | None, at: datetime) -> bool:
        """Whether a grant of this role is in force. The team counts for team members only."""
        grant = self.grants.get((role, team if role is Role.TEAM_MEMBER else None))
        return grant is not None and grant.in_force(at)


class AccessOpened(Opening):
    """A person's record was opened."""

    TOPIC = "access.opened"
    subject: str

    def _fold(self, access: Access) -> None:
        access.subject = access.number = self.subject


class AccessGranted(Recorded):
    """A person may act in a role."""

    TOPIC = "access.granted"
    role: Role
    team: str | None
    approved_by: str
    since: datetime
    until: datetime | None = None

    def _fold(self, access: Access) -> None:
        grant = Grant(self.role, self.team, self.approved_by, self.since, self.until)
        access.grants = {**access.grants, (self.role, self.team): grant}


class AccessRevoked(Recorded):
    """A person may no longer act in a role."""

    TOPIC = "access.revoked"
    role: Role
    team: str | None = None

    def _fold(self, access: Access) -> None:
        access.grants = {key: grant for key, grant in access.grants.items() if key != (self.role, self.team)}


EVENTS = register((AccessOpened, AccessGranted, AccessRevoked), Access)
