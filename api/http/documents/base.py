"""What every document shares, and the types of its fields with an example each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from api.http.fields import such_as
from domain.values import Channel, Role

AgencyCode = Annotated[str, such_as("dot")]
At = Annotated[datetime, such_as("2026-11-23T14:00:00Z")]
Count = Annotated[int, such_as(0)]
Digest = Annotated[str, such_as("0bfe935e70c321c7ca3afc75ce0d0ca2f98b5422e008bb31c00c6d7f1f1c0ad6")]
"""SHA-256, in hexadecimal."""
CustomerCode = Annotated[str, such_as("f2d3009c3f5755d9bf5bb3fa7afd2a10")]
Id = Annotated[UUID, such_as("01a22cba-6f33-7097-a6c8-2d81599f788d")]
EmailText = Annotated[str, such_as("jo.field@agency.example")]
Link = Annotated[str, such_as("/cases/INC-0000009/messages/5f0c6a4e-7c1d-5a57-9f0e-2f3c1f1f7a10/raw")]
NameText = Annotated[str, such_as("Jo Field")]
PersonCode = Annotated[str, such_as("t.lee")]
PhoneText = Annotated[str, such_as("405-555-0001")]
Position = Annotated[int, such_as(111)]
"""A place in the ledger."""
ServiceCode = Annotated[str, such_as("printing")]
TeamCode = Annotated[str, such_as("network")]
RoleName = Annotated[Role, such_as("technician")]
ChannelName = Annotated[Channel, such_as("phone")]
Version = Annotated[int, such_as(8)]
"""How many events a case, or whatever else, has: its ETag is this in quotes, after a `v`."""


def unless_hidden() -> Any:
    """The default of a list that some readers are not shown: the field is optional in the schema."""
    return Field(default_factory=list)


def one_of(kind: type[StrEnum]) -> Any:
    """The values of an enumeration, written out: two that are called the same cannot be told apart by name."""
    return WithJsonSchema({"type": "string", "enum": [str(each) for each in kind]})


class Document(BaseModel):
    """What every document is."""

    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=True)


class Page(Document):
    """One page of a list."""

    next_cursor: Annotated[str, such_as("ofeZpvsuOGVq-7MUO0ndflsiSU5DLTAwMDAwMTIiXQ")] | None
    """Send it as `cursor` to get the next page. Null on the last one."""
    as_of_position: Position
    """The position in the ledger that the page is as of."""


class Person(Document):
    """Who acted: a person or a process, in one role."""

    subject: Annotated[str, such_as("a.ortiz")]
    """Their id."""
    role: RoleName
    """The role in which they acted."""
    team: Annotated[str, such_as("network")] | None
    """The team for which they acted."""
