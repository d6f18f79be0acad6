"""The body of a what-if: the fields of the policy that would change, and a period."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema

from api.http.bodies.base import Words
from api.http.fields import Moment


class WhatIfBody(Words):
    """Another policy, and whose cases are compared."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"changes": {"dispute_window": "PT96H"}, "from": "2026-11-01T00:00:00Z"}]}
    )
    changes: Annotated[dict[str, Any], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/PolicyChanges"}]})]
    """The fields that would change. The others stay as they are."""
    since: Moment | None = Field(default=None, alias="from")
    """Only cases received from then on."""
    until: Moment | None = Field(default=None, alias="to")
    """Only cases received before then."""
