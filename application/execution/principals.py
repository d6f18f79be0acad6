"""Callers: a subject with the roles that an authority gave it, or a link in a mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.values import Role


class Unauthenticated(Exception):
    """No token, or an invalid one. The message says why and never shows the token."""


class Undecided(Exception):
    """The token cannot be checked now: the identity provider does not answer."""


@dataclass(frozen=True)
class Principal:
    """A verified caller."""

    subject: str
    roles: tuple[Role, ...]
    team: str | None = None
    key: str | None = None
    """Id of the key that a machine called with."""
    groups: tuple[str, ...] = ()
    """Their groups at the identity provider. The policy says what roles these stand for."""


class IdentityProvider(Protocol):
    """Where people sign in to the console, if their organisation has such a place."""

    @property
    def issuer(self) -> str:
        """Its name in tokens and answers."""
        ...

    def address(self, state: str, verifier: str) -> str:
        """Return the page to send a person to. Raises Undecided."""
        ...

    def token(self, code: str, verifier: str) -> str:
        """Return the access token for the code that the person came back with. Raises Unauthenticated, Undecided."""
        ...


Made = int | datetime
"""Erasures of the link's customer when the link was made. A link made before 0.5.0 holds only its time."""


@dataclass(frozen=True)
class FollowLink:
    """A link in a mail under which its reader follows one case of theirs, and adds to it."""

    case: str
    customer: str
    made: Made


@dataclass(frozen=True)
class DisputeLink:
    """A link in a mail under which its reader disputes one resolution of one case of theirs."""

    case: str
    resolution: int
    customer: str
    made: Made
