"""SOP 7.1: access is granted by a recorded authorisation: who, in which role, of which team, by whom, from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import Forbidden, Invalid
from domain.values import Disclosure, Provenance, Role

NOT_GRANTED = frozenset({Role.SYSTEM, Role.EXTERNAL})
"""Roles in which nobody signs in."""


@dataclass(frozen=True)
class Grant:
    """One authorisation. It is in force from ``since``, until ``until`` where that is set."""

    role: Role
    team: str | None
    approved_by: str
    since: datetime
    until: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Access(Root):
    """What one person may act as."""

    TOPIC: ClassVar[str] = "access"

    subject: str

    def begin(self) -> None:
        self.grants: dict[tuple[Role, str | None], Grant] = {}

    @classmethod
    def of(cls, id: UUID, subject: str, provenance: Provenance) -> Self:  # noqa: A002 - the library's own name
        """Start a person's record, with no grant in it."""
        return cls.open(AccessOpened, id, provenance, subject=subject)

    def grant(self, grant: Grant, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Authorise; a grant of the same role takes the place of the one before.

        Raises Forbidden to whoever grants themselves something; Invalid for a role nobody signs in with, an approval of
        one's own, a team member of no team, an empty time, a gap.
        """
        if provenance.by.subject == self.subject:
            raise Forbidden("Nobody grants themselves a role. Ask another administrator, or the operator.")
        if grant.approved_by == self.subject:
            raise Invalid("nobody approves their own grant", "/approved_by")
        if grant.role in NOT_GRANTED:
            raise Invalid(f"nobody signs in as {grant.role}", "/role")
        if (grant.role is Role.TEAM_MEMBER) != (grant.team is not None):
            raise Invalid("a team member is granted a team, and nobody else is", "/team")
        if grant.until is not None and grant.until <= max(grant.since, provenance.at):
            raise Invalid("a grant ends after it starts, and not in the past", "/until")
        known = self.grants.get((grant.role, grant.team))
        if known is not None and known.in_force(provenance.at) and grant.since > provenance.at:
            raise Invalid("one that is in force would end now: let the new one start now too", "/since")
        self.record(AccessGranted, provenance, **vars(grant), reason=reason)

    def revoke(self, role: Role, team: str | None, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Take a grant back; it counts from the next request on. Raises Invalid when there is none."""
        if (role, team) not in self.grants:
            raise Invalid(f"{self.subject} has no such grant", "/role")
        self.record(AccessRevoked, provenance, role=role, team=team, reason=reason)

    def may_act_as(self, role: Role, team: str | None, at: datetime) -> bool:
        """Whether a grant is in force."""
        grant = self.grants.get((role, team if role is Role.TEAM_MEMBER else None))
        return grant is not None and grant.in_force(at)


class AccessOpened(Opening):
    TOPIC = "access.opened"
    subject: str

    def apply(self, access: Access) -> None:
        access.subject = access.number = self.subject


class AccessGranted(Recorded):
    TOPIC = "access.granted"
    role: Role
    team: str | None
    approved_by: str
    since: datetime
    until: datetime | None = None

    def apply(self, access: Access) -> None:
        grant = Grant(self.role, self.team, self.approved_by, self.since, self.until)
        access.grants = {**access.grants, (self.role, self.team): grant}


class AccessRevoked(Recorded):
    TOPIC = "access.revoked"
    role: Role
    team: str | None = None

    def apply(self, access: Access) -> None:
        access.grants = {key: grant for key, grant in access.grants.items() if key != (self.role, self.team)}


EVENTS = register((AccessOpened, AccessGranted, AccessRevoked), Access)
