"""What every body of a command shares: it is validated strictly, and an unknown field is refused (design.md, HTTP)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.http.fields import AgencyId, Email, PersonName, Phone, Why
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor


class Words(BaseModel):
    """A part of a body."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class Body(Words):
    """A body of a command. ``run`` carries the command out."""

    @property
    def why(self) -> str | None:
        """The reason, where the caller may leave it out. A reason that a command requires is one of its arguments."""
        field = type(self).model_fields.get("reason")
        return None if field is None or field.is_required() else getattr(self, "reason", None)

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """Check what needs the clock or the policy, but not the case. Raises Invalid."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        raise NotImplementedError


class ReasonBody(Body):
    """A decision with its reason."""

    reason: Why
    """Why. Kept with the event."""


class MaybeReasonBody(Body):
    """A decision whose reason is optional."""

    reason: Why | None = None
    """Why. Kept with the event."""


class Contact(Words):
    """A person and how to reach them."""

    name: PersonName
    """Their name."""
    email: Email | None = None
    """Their mail address. It identifies the customer; mails about the case go there."""
    phone: Phone | None = None
    """Their telephone number. It identifies the customer if there is no mail address."""
    agency: AgencyId | None = None
    """The id of their agency."""


def not_in_future(at: datetime | None, now: datetime, where: str) -> None:
    """Raises Invalid."""
    if at is not None and at > now:
        raise Invalid("The time lies in the future.", where)
