"""Writes OCEL 2.0, whatever its form: objects section by section, then events stream by stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from application.exports.ocel import Event, Object, event_of
from application.exports.ocel_text import Form
from infrastructure.exports.logs import KEEP_EVERY, TOLD_EVERY, Advance
from infrastructure.exports.objects import Keyed, Objects
from infrastructure.exports.part_file import Growing
from infrastructure.exports.record import Record

_SECTIONS = ("named", "problems", "cases", "events")
KINDS = ("case", "problem", "service", "team")
"""The kinds of stream whose events OCEL has."""


class Sink(Protocol):
    """What takes objects, then events."""

    mark: Any

    def begin(self, told: Mapping[str, Any]) -> None:
        """Begin an empty file."""

    def object(self, thing: Object) -> None:
        """Take an object."""

    def between(self) -> None:
        """All objects are taken."""

    def event(self, event: Event) -> None:
        """Take an event."""

    def keep(self, mark: Any) -> None:
        """Make sure of everything."""

    def end(self) -> None:
        """All events are taken."""


def write_ocel(record: Record, objects: Objects, sink: Sink, advance: Advance, told: Mapping[str, Any]) -> int:
    """Write objects and events. Returns how many events the file has."""
    section, after, count = sink.mark[:3] if sink.mark else (_SECTIONS[0], None, 0)
    if sink.mark is None:
        sink.begin(told)
    sections: Mapping[str, Callable[[Any], Keyed]] = {
        "named": objects.named,
        "problems": objects.problems,
        "cases": objects.cases,
    }
    for name in _SECTIONS[_SECTIONS.index(section) : -1]:
        _write_objects(sections[name](after), sink, name)
        after = None
    if section != _SECTIONS[-1]:
        sink.between()
        sink.keep((_SECTIONS[-1], None, 0))
    return _write_events(record, sink, advance, after, count)


def _write_objects(things: Keyed, sink: Sink, section: str) -> None:
    for place, (key, thing) in enumerate(things, 1):
        sink.object(thing)
        if place % KEEP_EVERY == 0:
            sink.keep((section, key, 0))


def _write_events(record: Record, sink: Sink, advance: Advance, stream: str | None, count: int) -> int:
    """Events in the order of their streams, so that times never run backwards in one."""
    advance(count)
    kept, time = count, ""
    for event in record.streams(KINDS, stream):
        if event.stream != stream:
            if count - kept >= KEEP_EVERY:
                sink.keep((_SECTIONS[-1], stream, count))
                kept = count
            stream, time = event.stream, ""
        found = event_of(event, not_before=time)
        time = found.time
        sink.event(found)
        count += 1
        if count % TOLD_EVERY == 0:
            advance(TOLD_EVERY)
    advance(count % TOLD_EVERY)
    sink.end()
    return count


class TextSink:
    """Implements `Sink` by a text."""

    def __init__(self, form: Form, into: Growing) -> None:
        self._form, self._into = form, into
        self._first = bool(into.mark[-1]) if into.mark else True
        self.mark = into.mark

    def begin(self, told: Mapping[str, Any]) -> None:
        self._into.write(self._form.head(told))

    def object(self, thing: Object) -> None:
        self._into.write(self._form.object(thing, first=self._first))
        self._first = False

    def between(self) -> None:
        self._into.write(self._form.between())
        self._first = True

    def event(self, event: Event) -> None:
        self._into.write(self._form.event(event, first=self._first))
        self._first = False

    def keep(self, mark: Any) -> None:
        self._into.keep((*mark, self._first))

    def end(self) -> None:
        self._into.write(self._form.tail())
