"""OCEL 2.0: cases, problems, services, teams and people as objects, and the events that relate to them.

Objects have ids of their own over all types: numbers for cases and problems, else the type and the code. People are
identifiers: subjects of staff, and the pseudonyms of customers. No words, names or addresses leave in this form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from application.exports.attributes import TOPICS, Kind, attributes_of
from application.exports.logged_event import LoggedEvent, moment_text, occurred

BEGINNING = "1970-01-01T00:00:00.000000Z"
"""The time of attributes that always were so, as OCEL 2.0 has it."""

OBJECT_TYPES: Mapping[str, Mapping[str, Kind]] = {
    "case": {
        **dict.fromkeys(
            ("channel", "nature", "status", "queue", "service", "team", "technician", "agency"), Kind.STRING
        ),
        **dict.fromkeys(("major", "pending_reason", "resolution_code", "problem", "external_ref"), Kind.STRING),
        **dict.fromkeys(("priority", "impact", "severity", "reopenings", "hand_backs"), Kind.INTEGER),
        **dict.fromkeys(("received_at",), Kind.TIME),
        "imported": Kind.BOOLEAN,
    },
    "problem": {"status": Kind.STRING, "service": Kind.STRING, "known_error": Kind.STRING, "priority": Kind.INTEGER},
    "service": {
        **dict.fromkeys(("name", "team", "owner", "criticality", "calendar"), Kind.STRING),
        "retired": Kind.BOOLEAN,
    },
    "team": {"name": Kind.STRING, "calendar": Kind.STRING, "members": Kind.INTEGER, "retired": Kind.BOOLEAN},
    "person": {},
}
"""The attributes of each type of object."""

_COMMON = {
    "position": Kind.INTEGER,
    "leaf": Kind.INTEGER,
    "version": Kind.INTEGER,
    "recorded_at": Kind.TIME,
    "actor": Kind.STRING,
    "role": Kind.STRING,
    "interface": Kind.STRING,
}


def _own_name(field: str) -> str:
    """The attribute of a field: what all events have keeps its name."""
    return f"{field}_of_event" if field in _COMMON else field


EVENT_TYPES: Mapping[str, Mapping[str, Kind]] = {
    topic: _COMMON | {_own_name(name): kind for name, kind in attributes_of(topic).items()} for topic in TOPICS
}
"""The attributes of each type of event: those that all have, and the codes of its topic."""

_RELATIONS = {
    "service": ("service:", "service"),
    "team": ("team:", "team"),
    "technician": ("person:", "technician"),
    "customer": ("person:", "customer"),
    "reporter": ("person:", "reporter"),
    "sender": ("person:", "sender"),
    "problem": ("", "problem"),
    "incident": ("", "incident"),
    "case": ("", "other case"),
    "follow_up_of": ("", "follow-up of"),
}
"""Fields of events that name an object: what its id begins with, and the qualifier."""

NAMING_FIELDS: Mapping[str, str] = {name: start.removesuffix(":") for name, (start, _) in _RELATIONS.items() if start}
"""Those that name a service, a team or a person, and which of them."""
NAMING = tuple(
    topic
    for topic in TOPICS
    if topic.startswith(("service.", "team."))
    or topic in ("case.corrected", "case.major_declared")
    or not NAMING_FIELDS.keys().isdisjoint(attributes_of(topic))
)
"""The topics whose events may name a service, a team or a person beside their actor."""
MACHINES = frozenset({"system", "intake"})
"""Roles of actors that are no people."""
_decode = msgspec.json.Decoder().decode


class Value(msgspec.Struct):
    """A value of an event's attribute."""

    name: str
    value: Any


class TimedValue(msgspec.Struct):
    """A value of an object's attribute, from a time on."""

    name: str
    time: str
    value: Any


class Relation(msgspec.Struct, rename={"object": "objectId"}, frozen=True):
    """A qualified relation to an object."""

    object: str
    qualifier: str


class Object(msgspec.Struct, rename={"relations": "relationships", "kind": "type"}):
    """An object, with each change of its attributes."""

    id: str
    kind: str
    attributes: list[TimedValue]
    relations: list[Relation]


class Event(msgspec.Struct, rename={"relations": "relationships", "kind": "type"}):
    """An event, with the objects that it relates to."""

    id: str
    kind: str
    time: str
    attributes: list[Value]
    relations: list[Relation]


def event_of(event: LoggedEvent, *, not_before: str = "") -> Event:
    """An event of the record as OCEL has it, at its own time or at the time of the one before it in its stream."""
    state, topic = _decode(event.state), event.topic
    by, recorded = state["by"], moment_text(event.recorded_at)
    attributes = [
        Value("position", event.position),
        Value("leaf", event.leaf),
        Value("version", event.version),
        Value("recorded_at", recorded),
        Value("actor", by["subject"]),
        Value("role", by["role"]),
        Value("interface", state["via"]["interface"]),
    ]
    attributes += [Value(own, state[name]) for name, own in _own(topic) if name in state and state[name] is not None]
    return Event(
        f"e{event.position}",
        topic,
        max(not_before, occurred(recorded, state)),
        attributes,
        _relations(event, state, by),
    )


@cache
def _own(topic: str) -> Sequence[tuple[str, str]]:
    """The fields of a topic that are attributes, each with its name there."""
    return [(name, _own_name(name)) for name in attributes_of(topic)]


@cache
def _named(topic: str) -> Sequence[tuple[str, str, str]]:
    """The fields of a topic that name an object, with the beginning of its id and the qualifier."""
    return [(name, *_RELATIONS[name]) for name in _RELATIONS if name in attributes_of(topic)]


def _relations(event: LoggedEvent, state: dict[str, Any], by: dict[str, Any]) -> list[Relation]:
    """The objects that an event names, each once: readers keep one qualifier of an object. The most telling comes first."""
    kind, _, verb = event.topic.partition(".")
    found: dict[str, str] = {}

    def relate(start: str, code: object, qualifier: str) -> None:
        if isinstance(code, str) and code:
            found.setdefault(start + code, qualifier)

    if kind in ("case", "problem"):
        relate("", event.number, kind)
    elif entry := state.get("entry"):
        relate(f"{kind}:", entry["id"], kind)
    for name, start, qualifier in _named(event.topic):
        relate(start, state.get(name), qualifier)
    if "cases" in state:
        for number in state["cases"]:
            relate("", number, "other case")
    if verb == "major_declared":
        relate("person:", state.get("owner"), "owner of the major incident")
    if by["role"] not in MACHINES:
        relate("person:", by["subject"], "by")
    relate("team:", by.get("team"), "team of the actor")
    return [Relation(code, qualifier) for code, qualifier in found.items()]


def changes(versions: Iterable[tuple[datetime, Mapping[str, Any]]], kinds: Mapping[str, Kind]) -> Iterator[TimedValue]:
    """The values of an object's attributes: each when it first holds, and again whenever it changes.

    OCEL has no value for an attribute that ends, such as the team of a case that is handed back: it becomes an empty text.
    """
    known: dict[str, Any] = {}
    for at, values in versions:
        time = None
        for name, kind in kinds.items():
            value = values[name]
            if name in known:
                if value == known[name]:
                    continue
            elif value is None:
                continue
            known[name] = value
            time = time or moment_text(at)
            yield TimedValue(name, time, plain(value, kind))


def plain(value: Any, kind: Kind) -> Any:
    """A value in the form of its type; that of an attribute that has ended, where it is None."""
    if value is None:
        return "" if kind is Kind.STRING else 0
    return moment_text(value) if isinstance(value, datetime) else value


def entry_object(
    kind: str, code: str, versions: Sequence[tuple[datetime, Mapping[str, Any]]], relations: Iterable[Relation] = ()
) -> Object:
    """A service, team or person, with the versions of its entry in the catalogue; none where the catalogue does not list it."""
    return Object(f"{kind}:{code}", kind, list(changes(versions, OBJECT_TYPES[kind])), list(dict.fromkeys(relations)))
