"""Saved filters: the query parameters of a list of cases."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, WithJsonSchema

from api.http.bodies.base import Body
from api.http.case_filters import query_schema
from api.http.fields import such_as

Shared = Annotated[bool, such_as(False)]


class FilterBody(Body):
    """Save a filter of cases."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": {"status": "assigned", "overdue": "true", "sort": "due"}}]}
    )
    query: Annotated[
        dict[str, str],
        WithJsonSchema(query_schema()),
        such_as({"status": "assigned", "overdue": "true", "sort": "due"}),
    ]
    """Parameters of `GET /cases`: filters, and `sort`."""
    shared: Shared = False
    """Whether the caller's team has it, or the desk: not only the caller."""


class RemoveFilterBody(Body):
    """Remove a saved filter."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"shared": False}]})
    shared: Shared = False
    """Whether it is the team's, or the desk's."""
