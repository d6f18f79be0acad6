"""What every body of a command is: validated to the letter; a field not named is refused (design.md, HTTP)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.http.fields import Code, Email, Line, Phone, Text
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor


class Words(BaseModel):
    """A part of a body."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Body(Words):
    """A command's words. ``run`` gives it to the desk."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """What can be wrong with the words whatever the case is like. Raises Invalid."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        raise NotImplementedError


class ReasonBody(Body):
    """Why, in the words of whoever decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it happened again"}]})
    reason: Text


class MaybeReasonBody(Body):
    """A decision that may be given without saying why."""

    reason: Text | None = None


class Contact(Words):
    name: Line
    email: Email | None = None
    phone: Phone | None = None
    agency: Code | None = None


def not_in_future(at: datetime | None, now: datetime, where: str) -> None:
    """Raises Invalid."""
    if at is not None and at > now:
        raise Invalid("it lies in the future", where)
