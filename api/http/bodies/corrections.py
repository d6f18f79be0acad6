"""SOP 5.2: correct a field of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from api.http.bodies.base import Body
from api.http.fields import Code, Email, Line, Phone, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Nature

_CODED, _LINES, _TEXTS = (
    ("service", "agency", "external_ref"),
    ("subject", "location", "asset", "callback", "name"),
    ("description", "symptoms"),
)
_RULES: dict[tuple[str, ...], TypeAdapter[Any]] = {
    _CODED: TypeAdapter(Code),
    ("nature",): TypeAdapter(Nature),
    _LINES: TypeAdapter(Line),
    _TEXTS: TypeAdapter(Text),
    ("email",): TypeAdapter(Email),
    ("phone",): TypeAdapter(Phone),
}
"""The fields that may be corrected, and the rule of each. The channel is not among them (R-5.1a)."""
_CORRECTABLE = {field: rule for fields, rule in _RULES.items() for field in fields}
_STATED: list[JsonValue] = [
    {
        "if": {"properties": {"field": {"enum": list(fields)}}, "required": ["field"]},
        "then": {
            "properties": {"value": {k: v for k, v in rule.json_schema().items() if k not in ("title", "examples")}}
        },
    }
    for fields, rule in _RULES.items()
]


class CorrectBody(Body):
    """Correct a field of the log.

    The original stays readable in the history (R-5.2d). The channel cannot be corrected (R-5.1a).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"field": "service", "value": "email", "reason": "was misheard"}],
            "allOf": _STATED,
        }
    )
    field: Annotated[
        Literal[
            "service",
            "agency",
            "external_ref",
            "nature",
            "subject",
            "location",
            "asset",
            "callback",
            "name",
            "description",
            "symptoms",
            "email",
            "phone",
        ],
        such_as("service"),
    ]
    """The field to correct. `name`, `email` and `phone` are the customer's."""
    value: Annotated[Text, such_as("email")]
    """The correct value. The same rules hold for it as when the case is logged."""
    reason: Annotated[Text, such_as("was misheard")]
    """Why. Kept with the event."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        """Hold the value to the rule of its field. Raises Invalid."""
        try:
            _CORRECTABLE[self.field].validate_python(self.value)
        except ValidationError as error:
            raise Invalid(error.errors()[0]["msg"], "/value") from None

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.logging.correct(number, self.field, self.value, self.reason, request)
