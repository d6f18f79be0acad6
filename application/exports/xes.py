"""XES (IEEE 1849): a trace for each case, an event for each of its events.

Events stand in the order of the case. Their times never run backwards, as in the views: an imported row with an earlier time
than the row before it counts from the time of that row.
"""

from __future__ import annotations

from typing import Any

import msgspec

from application.exports.attributes import Kind, attributes_of
from application.exports.logged_event import LoggedEvent, moment_text, occurred
from application.exports.xml_text import escaped

_ELEMENT = {
    Kind.STRING: "string",
    Kind.INTEGER: "int",
    Kind.FLOAT: "float",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "date",
}
_EXTENSIONS = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
)
_decode = msgspec.json.Decoder().decode

TAIL = b"</log>\n"


def head(told: dict[str, Any]) -> bytes:
    """The beginning of a log, which names in its own attributes what it stands on: position, checkpoint and so on."""
    extensions = "".join(
        f'<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>\n'
        for name, prefix in _EXTENSIONS
    )
    attributes = "\n".join(
        _attribute(name, Kind.INTEGER if isinstance(v, int) else Kind.STRING, v) for name, v in told.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849.2016" xes.features="">\n'
        f"{extensions}"
        '<global scope="trace">\n<string key="concept:name" value="INC-0000000"/>\n</global>\n'
        '<global scope="event">\n<string key="concept:name" value="case.logged"/>\n'
        '<date key="time:timestamp" value="1970-01-01T00:00:00.000000Z"/>\n'
        '<string key="lifecycle:transition" value="complete"/>\n<int key="position" value="0"/>\n<int key="leaf" value="0"/>\n</global>\n'
        '<classifier name="Activity" keys="concept:name"/>\n'
        f"{attributes}\n"
    ).encode()


class Traces:
    """Writes the events of one case after the other. They come stream by stream, each in order."""

    def __init__(self) -> None:
        self._stream: str | None = None
        self._time = ""

    def add(self, event: LoggedEvent) -> tuple[bytes, bytes]:
        """The end of the trace before, where the event begins another one, and the text of the event."""
        state = _decode(event.state)
        end, begin = b"", ""
        if event.stream != self._stream:
            end, begin = self.end(), _trace(event, state)
            self._stream, self._time = event.stream, ""
        self._time = max(self._time, occurred(moment_text(event.recorded_at), state))
        return end, (begin + _event(event, state, self._time)).encode()

    def end(self) -> bytes:
        """The end of the last trace; empty before the first."""
        return b"" if self._stream is None else b"</trace>\n"


def _trace(event: LoggedEvent, state: dict[str, Any]) -> str:
    attributes = [_attribute("concept:name", Kind.STRING, event.number or event.stream)]
    attributes += _own(event.topic, state)
    return "<trace>\n" + "\n".join(attributes) + "\n"


def _event(event: LoggedEvent, state: dict[str, Any], time: str) -> str:
    by = state["by"]
    fixed = (
        f'<event>\n<string key="concept:name" value="{event.topic}"/>\n<string key="lifecycle:transition" value="complete"/>\n'
        f'<date key="time:timestamp" value="{time}"/>\n<string key="org:resource" value="{escaped(by["subject"])}"/>\n'
        f'<string key="org:role" value="{escaped(by["role"])}"/>\n<int key="position" value="{event.position}"/>\n'
        f'<int key="leaf" value="{event.leaf}"/>\n<int key="version" value="{event.version}"/>'
    )
    attributes = [fixed]
    if by.get("team") is not None:
        attributes.append(_attribute("org:group", Kind.STRING, by["team"]))
    attributes += _own(event.topic, state)
    return "\n".join(attributes) + "\n</event>\n"


def _own(topic: str, state: dict[str, Any]) -> list[str]:
    return [
        _attribute(name, kind, state[name])
        for name, kind in attributes_of(topic).items()
        if state.get(name) is not None
    ]


def _attribute(key: str, kind: Kind, value: Any) -> str:
    if kind is Kind.BOOLEAN:
        value = "true" if value else "false"
    elif kind is Kind.STRING:
        value = escaped(str(value))
    return f'<{_ELEMENT[kind]} key="{key}" value="{value}"/>'
