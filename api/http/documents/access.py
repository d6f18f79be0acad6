"""Grants, and measures that need an approval."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import At, Document, Id, RoleName, TeamCode
from api.http.documents.catalogue import EntryPage
from api.http.fields import such_as
from domain.approval import ApprovalState, Measure
from domain.values import ErasureScope

Subject = Annotated[str, such_as("a.ortiz")]


class Grant(Document):
    """One authorisation (R-7.1)."""

    role: RoleName
    """The role."""
    team: TeamCode | None
    """The team, for a team member."""
    approved_by: Annotated[str, such_as("operator")]
    """Who approved it."""
    since: At
    """From when it counts."""
    until: At | None
    """Until when."""


class Access(Document):
    """What somebody may act as."""

    subject: Subject
    """Their id."""
    version: Annotated[int, such_as(2)]
    """The version of their grants."""
    grants: list[Grant]
    """Their grants."""


class AccessPage(EntryPage):
    """What everybody may act as."""

    items: list[Access]
    """People and machines, by id."""


class Approval(Document):
    """A measure that needs two people: its last request, and what became of it."""

    number: Annotated[str, such_as("hold:INC-0000009")]
    """Its number: the measure and what it is about."""
    id: Id
    """Its id."""
    version: Annotated[int, such_as(2)]
    """Its version."""
    status: Annotated[ApprovalState, such_as("requested")] | None
    """What became of the last request."""
    measure: Annotated[Measure, such_as("hold")]
    """The measure."""
    target: Annotated[str, such_as("INC-0000009")]
    """The case, or the person, that it is about."""
    requested_by: Annotated[str, such_as("admin")] | None
    """Who requested it."""
    requested_at: At | None
    """When."""
    answer_by: At | None
    """Until when it can be approved and carried out."""
    scope: Annotated[ErasureScope, such_as("contact-and-words")] | None
    """How much is erased."""
    reason: Annotated[str, such_as("litigation 2026-17")] | None
    """Why. Null once erased."""
    approved_by: Annotated[str, such_as("r.audit")] | None
    """Who approved it."""


class ApprovalPage(EntryPage):
    """Measures that need an approval."""

    items: list[Approval]
    """The measures, the most urgent first."""
