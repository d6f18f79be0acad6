"""SOP 5.1, 5.9: what customers say without an account."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints

from api.http.bodies.base import Words
from api.http.fields import AgencyId, Email, Line, PersonName, Phone, ServiceId, Text, such_as

LONGEST = 10_000
"""Characters that one may say by a link."""
Said = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"[^\s\x00]")]


class ReportBody(Words):
    """A customer's report."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Jo Field",
                    "email": "jo.field@agency.example",
                    "subject": "Printer on floor 2 does not print",
                    "description": "Since this morning nothing comes out.",
                }
            ]
        }
    )
    name: PersonName
    """Their name."""
    email: Email | None = None
    """Their mail address. Needed without a token: the link that follows the case goes there."""
    phone: Phone | None = None
    """Their telephone number."""
    agency: AgencyId | None = None
    """The id of their agency."""
    service: ServiceId | None = None
    """The id of the affected service."""
    subject: Annotated[Line, such_as("Printer on floor 2 does not print")]
    """What it is about, in one line."""
    description: Annotated[Text, such_as("Since this morning nothing comes out.")]
    """What happened."""
    nature: Annotated[Literal["actual", "impending"], such_as("actual")] = "actual"
    """Whether the service is interrupted now, or will be."""
    symptoms: Annotated[Text, such_as("jobs stay queued")] | None = None
    """What they observe."""
    location: Annotated[Line, such_as("Building 4, floor 2")] | None = None
    """Where it happens."""
    asset: Annotated[Line, such_as("PRN-0042")] | None = None
    """The inventory number of the affected device."""
    callback: Annotated[Line, such_as("before 15:00")] | None = None
    """How and when they want to be called back."""

    def named(self, *names: str) -> dict[str, Any]:
        """Some of the fields."""
        return {name: getattr(self, name) for name in names}


class LinkNoteBody(Words):
    """What a customer adds to their case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "It is the printer beside the window."}]})
    text: Annotated[Said, such_as("It is the printer beside the window.")]
    """What they add."""


class LinkDisputeBody(Words):
    """Why a customer disputes the resolution."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "It still does not print."}]})
    reason: Annotated[Said, such_as("It still does not print.")]
    """What is not right."""


class LinkNoteForm(LinkNoteBody):
    """The form of the page, in which a customer adds something to their case."""

    model_config = ConfigDict(extra="allow")
    once: Annotated[str, such_as("9b1deb4d3b7d4bad")] | None = None
    """What tells one sending of the form from another."""


class LinkDisputeForm(LinkDisputeBody):
    """The form of the page, in which a customer disputes the resolution."""

    model_config = ConfigDict(extra="allow")
    once: Annotated[str, such_as("9b1deb4d3b7d4bad")] | None = None
    """What tells one sending of the form from another."""


class ReplyForm(Words):
    """A customer's reply to a mail of the demonstration."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"text": "It still does not work."}]})
    text: Annotated[Said, such_as("It still does not work.")]
    """What they write."""
