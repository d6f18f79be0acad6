"""The files and the messages of a case."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.http.documents.base import At, Digest, Document, EmailText, Id, Link, NameText, Page, Person
from api.http.fields import such_as

FileName = Annotated[str, such_as("screenshot.png")]
MediaType = Annotated[str, such_as("image/png")]
Size = Annotated[int, such_as(48_213)]


class Attachment(Document):
    """A file of a case. Once it is erased, `name`, `type`, `size` and `sha256` are null."""

    digest: Digest
    """Its name in addresses: `GET /cases/{number}/attachments/{digest}`."""
    name: FileName | None
    """Its name."""
    type: MediaType | None
    """Its media type, by its content."""
    size: Size | None
    """Its size in bytes."""
    sha256: Digest | None
    """The SHA-256 of its content."""
    content_id: Annotated[str, such_as("logo@agency.example")] | None
    """Its Content-ID in the mail that it came with."""
    by: Person
    """Who attached it."""
    attached_at: At
    """When."""
    version: Annotated[int, such_as(3)]
    """The version of the case since it is there."""
    visible_to_customer: Annotated[bool, such_as(True)]
    """Whether the customer may see it."""
    erased: Annotated[bool, such_as(False)]
    """Whether it was erased."""


class AttachmentPage(Page):
    """The files of a case."""

    items: list[Attachment]
    """The files, oldest first."""


class Sender(Document):
    """The person who wrote a message."""

    name: NameText | None
    """The name."""
    email: EmailText | None
    """The mail address."""


class Recipient(Document):
    """A person to whom a message was written."""

    name: NameText | None
    """Their name."""
    address: EmailText
    """Their mail address."""


class Message(Document):
    """A message of a case."""

    id: Id
    """Its id."""
    received_at: At
    """When it reached the desk."""
    automatic: Annotated[bool, such_as(False)]
    """Whether a program wrote it."""
    sender: Sender = Field(alias="from")
    """Who wrote it."""
    to: list[Recipient] | None
    """To whom. Null if that is unknown or erased."""
    cc: list[Recipient] | None
    """Who got a copy. Null if that is unknown or erased."""
    raw: Link
    """Where its bytes are."""
