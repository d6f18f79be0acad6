"""SOP 5.2: correct a field of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from api.http.bodies.base import Body
from api.http.fields import (
    Code,
    Email,
    Line,
    Phone,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Nature


class CorrectBody(Body):
    """Correct a field of the log; the original stays readable."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"field": "service", "value": "email", "reason": "was misheard"}]}
    )
    field: Line
    value: Text
    reason: Text

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """A correction is held to the same rule as what it corrects."""
        if (rule := _CORRECTABLE.get(self.field)) is None:
            raise Invalid(f"{self.field} cannot be corrected; {', '.join(_CORRECTABLE)} can", "/field")
        try:
            rule.validate_python(self.value)
        except ValidationError as error:
            raise Invalid(error.errors()[0]["msg"], "/value") from None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.correct(number, self.field, self.value, self.reason, request)


_CORRECTABLE: dict[str, TypeAdapter[Any]] = {
    **dict.fromkeys(("service", "agency", "external_ref"), TypeAdapter(Code)),
    "nature": TypeAdapter(Nature),
    **dict.fromkeys(("subject", "location", "asset", "callback", "name"), TypeAdapter(Line)),
    **dict.fromkeys(("description", "symptoms"), TypeAdapter(Text)),
    "email": TypeAdapter(Email),
    "phone": TypeAdapter(Phone),
}
"""What may be corrected, and the rule each is held to; that the channel is not among them is R-5.1a."""
