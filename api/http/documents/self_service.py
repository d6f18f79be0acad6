"""What customers read and are answered by their links."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import At, Digest, Document
from api.http.documents.case_parts import CaseStatus
from api.http.fields import CaseNumber, such_as


class Reported(Document):
    """The answer to a report without an identity."""

    number: CaseNumber
    """The number of the new case."""
    follow: Annotated[str, such_as("by-mail")]
    """`by-mail`: the link that follows the case is mailed to the address in the report."""


class FollowedEvent(Document):
    """Something that happened in a case."""

    at: At
    """When."""
    what: Annotated[str, such_as("resolved")]
    """What."""
    by: Annotated[str, such_as("the desk")]
    """Who did it: `you`, `the desk` or `somebody else`."""
    text: Annotated[str, such_as("spooler restarted")] | None
    """What was said."""


class FollowedFile(Document):
    """A file of a case."""

    digest: Digest
    """Its name in addresses."""
    name: Annotated[str, such_as("screenshot.png")] | None
    """Its name."""
    type: Annotated[str, such_as("image/png")] | None
    """Its media type."""
    size: Annotated[int, such_as(48_213)] | None
    """Its size in bytes."""
    attached_at: At
    """When it was attached."""
    erased: Annotated[bool, such_as(False)]
    """Whether it was erased."""
    by: Annotated[str, such_as("you")]
    """Who attached it: `you`, `the desk` or `somebody else`."""


class FollowedCase(Document):
    """A case as its customer reads it by a link."""

    number: CaseNumber
    """Its number."""
    status: CaseStatus
    """Its status."""
    subject: Annotated[str, such_as("No network at the counter")] | None
    """What it is about."""
    description: Annotated[str, such_as("No network at the counter, since this morning.")] | None
    """What happened."""
    service: Annotated[str, such_as("Printing")] | None
    """The name of the affected service."""
    received_at: At
    """When it reached the desk."""
    resolved_at: At | None
    """When it was resolved."""
    closed_at: At | None
    """When it was closed."""
    solution: Annotated[str, such_as("spooler restarted")] | None
    """What was done."""
    dispute_until: At | None
    """Until when the resolution can be disputed."""
    question: Annotated[str, such_as("Does the lamp on the printer blink?")] | None
    """What the desk asks."""
    history: list[FollowedEvent]
    """What happened."""
    attachments: list[FollowedFile]
    """Its files."""
    can: Annotated[list[str], such_as(["notes", "attachments", "dispute", "accept"])]
    """What can be done by the link now."""


class DisputedCase(FollowedCase):
    """A case after a dispute by a link."""

    outcome: Annotated[str, such_as("reopened")]
    """`reopened`; `noted` if the case was being worked on; `followed_up` if the dispute window was over."""
    case: CaseNumber
    """The case that goes on: a new one after `followed_up`."""
    follow: Annotated[str, such_as("https://desk.example/self-service/cases/eyJhbGciOiJFZERTQSJ9")] | None
    """The link that follows the new case."""
