"""The policy, as it reads and as it is changed: the schemas follow from the domain's own class and its docstrings."""

from __future__ import annotations

from dataclasses import MISSING, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

import msgspec
from pydantic import TypeAdapter

from application.administration.meanings import field_docstrings
from domain.calendar import Calendar
from domain.policy import GroupRole, Matrix, OutageReport, Policy, Target, first_policy
from domain.schedule import ScheduledReport

_PARTS: tuple[type[Any], ...] = (Policy, Matrix, Target, Calendar, OutageReport, ScheduledReport, GroupRole)
_READ_ONLY = {
    "book_version": {
        "type": "integer",
        "description": "The version of the policy: its ETag is this in quotes, after a `v`.",
        "examples": [1],
    },
    "fields": {
        "type": "object",
        "description": "Unit and meaning of each field, by its name.",
        "additionalProperties": True,
        "examples": [
            {"dispute_window": {"unit": "Interval, wall clock", "meaning": "From the accepted notification."}}
        ],
    },
}


def policy_schemas(template: str) -> dict[str, Any]:
    """The components `Policy`, its parts, and `PolicyChanges`; ``template`` makes a reference of a name."""
    whole = TypeAdapter(Policy).json_schema(ref_template=template)
    parts: dict[str, Any] = whole.pop("$defs")
    known = {**parts, Policy.__name__: whole}
    for kind in _PARTS:
        assert is_dataclass(kind)
        _describe(known[kind.__name__], kind)
    changes = _changes(known)
    whole["properties"] |= _READ_ONLY
    whole["required"] = sorted(whole["properties"])
    return {**known, "PolicyChanges": changes}


def _describe(schema: dict[str, Any], kind: type[Any]) -> None:
    docstrings, example = field_docstrings(kind), _EXAMPLES[kind]
    for name, field in schema["properties"].items():
        field.pop("default", None)
        field["description"] = docstrings[name]
        field["examples"] = [example[name]]
    schema["required"] = sorted(schema["properties"])


def _changes(known: dict[str, Any]) -> dict[str, Any]:
    """What `POST /policy` takes: some of the fields, and of a part of the policy some of its own."""
    fields = {name: dict(field) for name, field in known["Policy"]["properties"].items() if name != "version"}
    for name, part in (("business", "Calendar"), ("outage_report", "OutageReport")):
        fields[name].pop("$ref")
        fields[name] |= _some_of(known[part])
    target = known[Target.__name__]
    needed = [field.name for field in dataclass_fields(Target) if field.default is MISSING]
    shape = {**_bare(target), "required": needed, "examples": [_EXAMPLES[Target]]}
    fields["targets"]["prefixItems"] = [shape] * len(fields["targets"]["prefixItems"])
    rows = known["Matrix"]["properties"]["rows"]
    matrix = {**fields["matrix"], "anyOf": [_some_of(known[Matrix.__name__]), _bare(rows)]}
    matrix.pop("$ref")
    fields["matrix"] = {**matrix, "examples": [_EXAMPLES[Matrix]["rows"]]}
    return {
        "title": "PolicyChanges",
        "type": "object",
        "description": "The fields to change. The others stay as they are.",
        "properties": fields,
        "additionalProperties": False,
        "examples": [{"dispute_window": "PT96H"}],
    }


def _some_of(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the policy of which some fields are given. The others stay as they are."""
    return {"type": "object", "properties": part["properties"], "additionalProperties": False}


def _bare(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in ("description", "examples", "title")}


def _examples() -> dict[type[Any], dict[str, Any]]:
    policy = msgspec.to_builtins(first_policy())
    policy["business"]["holidays"] = ["2026-11-26"]
    schedule = ScheduledReport("monthly_targets", "attainment", "month", by="team", mail_to=("d.manager",))
    policy["scheduled_reports"] = [msgspec.to_builtins(schedule)]
    policy["groups"] = [{"group": "desk-network", "role": "team_member", "team": "network"}]
    return {
        GroupRole: policy["groups"][0],
        Policy: policy,
        Matrix: policy["matrix"],
        Target: policy["targets"][1],
        Calendar: policy["business"],
        OutageReport: policy["outage_report"],
        ScheduledReport: policy["scheduled_reports"][0],
    }


_EXAMPLES = _examples()
