"""Who read whose words."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import (
    At,
    CustomerCode,
    Document,
    Page,
    PersonCode,
    Position,
    RoleName,
    TeamCode,
    Version,
    one_of,
)
from api.http.fields import such_as
from application.audit.reads import What


class Read(Document):
    """One read of words that can be erased."""

    read_at: At
    """When."""
    reader: PersonCode
    """Who read."""
    role: RoleName
    """In which role."""
    team: TeamCode | None
    """For which team."""
    through: Annotated[str, such_as("console")]
    """`http` or `console`."""
    what: Annotated[What, one_of(What), such_as("case")]
    """What was given out: a case, its history, a file, a message, a bundle, a problem, a customer, or a page of a list."""
    about: Annotated[str, such_as("INC-0000009")]
    """The number of the case or the problem, the id of the message or the customer, or the name of the list."""
    customer: CustomerCode | None
    """Whose words they are. Null for lists, problems and messages without a case."""
    version: Version | None
    """The version of the case that was read, where it is known."""
    position: Position | None
    """The position that it was as of, where it is known. A list as of it shows which cases stood there."""


class ReadPage(Page):
    """A page of reads."""

    items: list[Read]
    """The reads, newest first."""
    recorded: Annotated[bool, such_as(True)]
    """Whether the policy in force records reads."""
