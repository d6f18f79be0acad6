"""SOP 5.1: what machines hand in, and decisions on messages in the quarantine (R-5.1d).

The bodies of machines describe what `application.monitoring` reads. Alertmanager and senders of CloudEvents may send anything: what cannot be read waits in the quarantine, and is not refused.
So their fields have no types, and none is needed. PagerDuty's senders are told what is wrong.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.http.bodies.base import MaybeReasonBody, ReasonBody, Words
from api.http.fields import such_as
from application.monitoring.pagerduty import LONGEST_KEY, LONGEST_SUMMARY

_ALERT: JsonDict = {
    "status": "firing",
    "labels": {"alertname": "PrinterDown", "job": "cups", "severity": "critical"},
    "annotations": {"summary": "No printer on floor 2 answers"},
    "startsAt": "2026-11-23T14:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "c3bcb7f2b1a0d4e5",
}
_EVENT: JsonDict = {
    "specversion": "1.0",
    "id": "a1b2",
    "source": "/ups/4",
    "type": "example.ups.on_battery",
    "time": "2026-11-23T14:00:00Z",
    "subject": "battery",
    "data": {"summary": "UPS 4 is on battery"},
}


def _whatever(schema: JsonDict) -> None:
    """Not even an object is needed."""
    schema.pop("type")


class AlertmanagerBody(Words):
    """A notification of Alertmanager, version 4."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_whatever)
    version: Annotated[Any, such_as("4")] = None
    """The version of the format."""
    status: Annotated[Any, such_as("firing")] = None
    """The status of alerts that have none."""
    truncatedAlerts: Annotated[Any, such_as(0)] = None  # noqa: N815 - Alertmanager's name
    """How many alerts it left out."""
    alerts: Annotated[Any, such_as([_ALERT])] = None
    """The alerts: each with `status`, `labels`, `annotations`, `startsAt`, `endsAt` and `fingerprint`."""


class CloudEventsBody(Words):
    """An event of CloudEvents 1.0 in structured mode. A batch is a list of them."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_whatever)
    specversion: Annotated[Any, such_as(_EVENT["specversion"])] = None
    """The version of CloudEvents."""
    id: Annotated[Any, such_as(_EVENT["id"])] = None
    """Its id: with `source` it identifies the event."""
    source: Annotated[Any, such_as(_EVENT["source"])] = None
    """What sent it."""
    type: Annotated[Any, such_as(_EVENT["type"])] = None
    """What happened."""
    time: Annotated[Any, such_as(_EVENT["time"])] = None
    """When."""
    subject: Annotated[Any, such_as(_EVENT["subject"])] = None
    """What it is about."""
    data: Annotated[Any, such_as(_EVENT["data"])] = None
    """The details."""


_SCALAR: JsonDict = {"type": ["string", "boolean", "number", "null"]}
_EVENT_OF_PAGERDUTY: JsonDict = {
    "required": ["event_action"],
    "properties": {
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": ["string", "null"], "maxLength": LONGEST_KEY},
        "payload": {
            "type": ["object", "null"],
            "required": ["summary", "source", "severity"],
            "properties": {
                "summary": {**_SCALAR, "maxLength": LONGEST_SUMMARY},
                "source": _SCALAR,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": ["string", "null"]},
                "component": _SCALAR,
                "group": _SCALAR,
                "class": _SCALAR,
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"], "properties": {"payload": {"type": "object"}}},
    "else": {"required": ["dedup_key"], "properties": {"dedup_key": {"type": "string", "minLength": 1}}},
}


def _recognised(schema: JsonDict) -> None:
    """Only what is an event of PagerDuty's, right or wrong, is held to its rules."""
    _whatever(schema)
    schema["if"] = {
        "type": "object",
        "anyOf": [
            {"required": [name], "properties": {name: {"type": "string"}}} for name in ("event_action", "routing_key")
        ],
    }
    schema["then"] = _EVENT_OF_PAGERDUTY


class PagerDutyBody(Words):
    """An event of PagerDuty's Events API, version 2."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_recognised)
    routing_key: Annotated[Any, such_as("clk_3f9a1c7eXXXXXXXXXXXXXXXXXXXX")] = None
    """A key of a source, or a token. Not needed with an `Authorization` header."""
    event_action: Annotated[Any, such_as("trigger")] = None
    """What happened: `trigger`, `acknowledge` or `resolve`."""
    dedup_key: Annotated[Any, such_as("srv01/disk")] = None
    """What identifies the alert, in at most 255 characters. A trigger without one is given one."""
    payload: Annotated[
        Any,
        such_as({"summary": "Disk of srv01 is full", "source": "srv01", "severity": "critical", "component": "disk"}),
    ] = None
    """The alert, for a trigger: `summary`, `source`, `severity` (`critical`, `error`, `warning` or `info`) and, if known,
    `timestamp`, `component`, `group` and `class`."""


class ReleaseBody(MaybeReasonBody):
    """Log a case from a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "a person wrote it"}]})


class JoinBody(MaybeReasonBody):
    """Add a message to a case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"case": "INC-0000009"}]})
    case: Annotated[str, such_as("INC-0000009")] | None = None
    """The number of the case. The suggested one, unless given."""


class DiscardBody(ReasonBody):
    """Discard a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "advertising"}]})
