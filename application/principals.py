"""Who is calling: a subject with the roles an authority gave it, and the role it acts in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from domain.values import Actor, Role


class Unauthenticated(Exception):
    """No token, or one that is not valid. The message says why, without saying anything of the token."""


@dataclass(frozen=True)
class Principal:
    """A verified caller."""

    subject: str
    roles: tuple[Role, ...]
    team: str | None = None

    def acting(self, among: Collection[Role]) -> Actor:
        """The caller in the first of his roles that may, or in his first role, which is then refused by name."""
        role = next((role for role in self.roles if role in among), self.roles[0])
        return Actor(self.subject, role, self.team)
