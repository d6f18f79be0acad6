"""The filters of a list of cases, as query parameters."""

from __future__ import annotations

from inspect import signature
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, create_model

from api.http.fields import LevelNumber, Line, Moment, PriorityNumber
from application.views.case_filters import Condition, Sort, marked
from domain.case.status import Status
from domain.values import Channel


def _filter(description: str, example: str) -> Any:
    return Query(description=description, examples=[example])


MajorFilter = Literal["nominated", "declared", "rejected", "any", "none"]
PendingFilter = Literal["customer", "vendor", "problem", "evidence", "any", "none"]


async def case_filters(
    status: Annotated[Status | None, _filter("Only cases in this status.", "assigned")] = None,
    queue: Annotated[Line | None, _filter("Only cases in this queue of `GET /queues`.", "diagnosis")] = None,
    team: Annotated[Line | None, _filter("Only cases that this team holds.", "network")] = None,
    technician: Annotated[Line | None, _filter("Only cases of this technician.", "t.lee")] = None,
    service: Annotated[Line | None, _filter("Only cases of this service.", "printing")] = None,
    customer: Annotated[
        Line | None,
        _filter("Only cases of this customer id. Customers read their own cases only.", "f2d3009c3f5755d9"),
    ] = None,
    channel: Annotated[Channel | None, _filter("Only cases that came by this channel.", "phone")] = None,
    agency: Annotated[Line | None, _filter("Only cases of this agency.", "dot")] = None,
    external_ref: Annotated[
        Line | None, _filter("Only cases with this number in another system.", "DHS-2026-118")
    ] = None,
    priority: Annotated[PriorityNumber | None, _filter("Only cases of this priority, 1 to 4.", "3")] = None,
    impact: Annotated[LevelNumber | None, _filter("Only cases of this impact, 1 to 3.", "2")] = None,
    severity: Annotated[LevelNumber | None, _filter("Only cases of this severity, 1 to 3.", "2")] = None,
    major: Annotated[
        MajorFilter | None, _filter("Only cases at this point of the major incident process.", "declared")
    ] = None,
    pending: Annotated[PendingFilter | None, _filter("Only cases that wait for this.", "customer")] = None,
    overdue: Annotated[
        Literal["true", "false"] | None,
        _filter(
            "Only unresolved cases past `resolve_by`, or only the others. A clock that stands still counts.", "true"
        ),
    ] = None,
    received_from: Annotated[Moment | None, Query(description="Only cases received at this time or later.")] = None,
    received_to: Annotated[Moment | None, Query(description="Only cases received before this time.")] = None,
    updated_from: Annotated[Moment | None, Query(description="Only cases changed last at this time or later.")] = None,
    updated_to: Annotated[Moment | None, Query(description="Only cases changed last before this time.")] = None,
) -> tuple[Condition, ...]:
    """The conditions that the query parameters of a list stand for."""
    equal = {
        "status": status,
        "queue": queue,
        "team": team,
        "technician": technician,
        "service": service,
        "customer": customer,
        "channel": channel,
        "agency": agency,
        "external_ref": external_ref,
        "priority": priority,
        "impact": impact,
        "severity": severity,
    }
    conditions = [
        *(Condition(name, "=", value) for name, value in equal.items() if value is not None),
        *(Condition("received_at", ">=", moment) for moment in (received_from,) if moment is not None),
        *(Condition("received_at", "<", moment) for moment in (received_to,) if moment is not None),
        *(Condition("updated_at", ">=", moment) for moment in (updated_from,) if moment is not None),
        *(Condition("updated_at", "<", moment) for moment in (updated_to,) if moment is not None),
    ]
    if major is not None:
        conditions.append(marked("major", major))
    if pending is not None:
        conditions.append(marked("pending_reason", pending))
    if overdue is not None:
        conditions.append(Condition("resolve_by", "overdue", overdue == "true"))
    return tuple(conditions)


def _query() -> type[BaseModel]:
    """A model of the parameters above and of `sort`, for queries that come in another way than in an address."""
    given = signature(case_filters, eval_str=True).parameters.values()
    fields: dict[str, Any] = {each.name: (each.annotation, None) for each in given} | {"sort": (Sort | None, None)}
    return create_model("CaseQuery", __config__=ConfigDict(extra="forbid"), **fields)


CaseQuery = _query()


def query_schema() -> dict[str, Any]:
    """The JSON schema of such a query where each value is text, as in an address."""
    schema = CaseQuery.model_json_schema()
    properties: dict[str, Any] = {}
    for name, described in schema["properties"].items():
        (one, *_) = described.pop("anyOf", [described])
        shape = schema["$defs"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        kept = {key: shape[key] for key in ("enum", "format", "minLength", "maxLength", "pattern") if key in shape}
        if shape["type"] == "integer":
            kept = {"enum": [str(number) for number in range(shape["minimum"], shape["maximum"] + 1)]}
        given = described.get("examples") or shape.get("examples", [])
        properties[name] = {"type": "string", **kept, **({"examples": [str(each) for each in given]} if given else {})}
    return {"type": "object", "properties": properties, "additionalProperties": False}
