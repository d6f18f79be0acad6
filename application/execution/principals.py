"""Who is calling: a subject with the roles an authority gave it, and the role it acts in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.values import Role


class Unauthenticated(Exception):
    """No token, or one that is not valid. The message says why, without saying anything of the token."""


class Undecided(Exception):
    """Whether the token is valid cannot be told at the moment: who could tell does not answer."""


@dataclass(frozen=True)
class Principal:
    """A verified caller."""

    subject: str
    roles: tuple[Role, ...]
    team: str | None = None
    key: str | None = None
    """The id of the key that a machine called with."""


Made = int | datetime
"""How often a link's customer had been erased when it was made. A link made before 0.5.0 says only the time."""


@dataclass(frozen=True)
class FollowLink:
    """What a link in a mail lets its reader do: follow one case of his, and say what there is to say in it."""

    case: str
    customer: str
    made: Made


@dataclass(frozen=True)
class DisputeLink:
    """What a link in a mail lets its reader do: dispute one resolution of one case of his."""

    case: str
    resolution: int
    customer: str
    made: Made
