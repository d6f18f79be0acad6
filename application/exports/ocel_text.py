"""OCEL 2.0 as JSON and as XML: the parts of a document, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from application.exports.attributes import Kind
from application.exports.ocel import EVENT_TYPES, OBJECT_TYPES, Event, Object, Relation, TimedValue, Value
from application.exports.xml_text import escaped

_json = msgspec.json.Encoder().encode


class Form(Protocol):
    """How objects and events are written as text. ``first`` tells whether it is the first of its list."""

    def head(self, told: Mapping[str, Any]) -> bytes:
        """The types, and the beginning of the objects."""
        ...

    def object(self, thing: Object, *, first: bool) -> bytes:
        """One object."""
        ...

    def between(self) -> bytes:
        """The end of the objects, and the beginning of the events."""
        ...

    def event(self, event: Event, *, first: bool) -> bytes:
        """One event."""
        ...

    def tail(self) -> bytes:
        """The end."""
        ...


class JsonForm:
    """OCEL 2.0 JSON. Every value is a text, as the standard's own schema (section 8.2) says: the type is declared once, for all."""

    def head(self, told: Mapping[str, Any]) -> bytes:
        """The types, and the beginning of the objects; first of all what the log stands on."""
        return (
            b'{"caseledger":%b,\n"objectTypes":%b,\n"eventTypes":%b,\n"objects":[\n'
            % (_json(told), _json(_types(OBJECT_TYPES)), _json(_types(EVENT_TYPES)))
        )  # fmt: skip

    def object(self, thing: Object, *, first: bool) -> bytes:
        """One object."""
        _as_text(thing.attributes)
        return _json(thing) if first else b",\n" + _json(thing)

    def between(self) -> bytes:
        """The end of the objects, and the beginning of the events."""
        return b'],\n"events":[\n'

    def event(self, event: Event, *, first: bool) -> bytes:
        """One event."""
        _as_text(event.attributes)
        return _json(event) if first else b",\n" + _json(event)

    def tail(self) -> bytes:
        """The end."""
        return b"]}\n"


class XmlForm:
    """OCEL 2.0 XML. What the log stands on is a comment: its schema has no place for it."""

    def head(self, told: Mapping[str, Any]) -> bytes:
        """The types, and the beginning of the objects."""
        lines = "".join(f"{name}: {str(value).replace('--', '- -')}\n" for name, value in told.items())
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<!--\n{lines}-->\n<log>\n'
            f"{_xml_types('object', OBJECT_TYPES)}{_xml_types('event', EVENT_TYPES)}<objects>\n"
        ).encode()

    def object(self, thing: Object, *, first: bool) -> bytes:
        """One object."""
        kinds = OBJECT_TYPES[thing.kind]
        attributes = "".join(
            f'<attribute name="{each.name}" time="{each.time}">{_xml_value(each.value, kinds[each.name])}</attribute>'
            for each in thing.attributes
        )
        return (
            f'<object id="{escaped(thing.id)}" type="{thing.kind}"><attributes>{attributes}</attributes>'
            f"{_xml_relations(thing.relations)}</object>\n"
        ).encode()

    def between(self) -> bytes:
        """The end of the objects, and the beginning of the events."""
        return b"</objects>\n<events>\n"

    def event(self, event: Event, *, first: bool) -> bytes:
        """One event."""
        kinds = EVENT_TYPES[event.kind]
        attributes = "".join(
            f'<attribute name="{each.name}">{_xml_value(each.value, kinds[each.name])}</attribute>'
            for each in event.attributes
        )
        return (
            f'<event id="{event.id}" type="{event.kind}" time="{event.time}"><attributes>{attributes}</attributes>'
            f"{_xml_relations(event.relations)}</event>\n"
        ).encode()

    def tail(self) -> bytes:
        """The end."""
        return b"</events>\n</log>\n"


def _as_text(values: Sequence[Value | TimedValue]) -> None:
    """Replace values by their texts: numbers, and `true` and `false`."""
    for each in values:
        if not isinstance(each.value, str):
            each.value = _json(each.value).decode()


def _types(types: Mapping[str, Mapping[str, Kind]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "attributes": [{"name": each, "type": kind.value} for each, kind in kinds.items()]}
        for name, kinds in types.items()
    ]


def _xml_types(what: str, types: Mapping[str, Mapping[str, Kind]]) -> str:
    def attributes(kinds: Mapping[str, Kind]) -> str:
        return "".join(f'<attribute name="{each}" type="{kind}"/>' for each, kind in kinds.items())

    lines = (
        f'<{what}-type name="{name}"><attributes>{attributes(kinds)}</attributes></{what}-type>\n'
        for name, kinds in types.items()
    )
    return f"<{what}-types>\n{''.join(lines)}</{what}-types>\n"


def _xml_value(value: Any, kind: Kind) -> str:
    """A value as text; true and false are 1 and 0 (OCEL 2.0, XML)."""
    if kind is Kind.STRING:
        return escaped(str(value))
    return str(int(value)) if kind is Kind.BOOLEAN else str(value)


def _xml_relations(relations: list[Relation]) -> str:
    if not relations:
        return "<objects/>"
    lines = (f'<relationship object-id="{escaped(each.object)}" qualifier="{each.qualifier}"/>' for each in relations)
    return f"<objects>{''.join(lines)}</objects>"
