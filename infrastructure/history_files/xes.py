"""Event logs as XES (IEEE 1849), read as a stream: memory holds one trace.

Declarations of entities and of document types are refused, so that no entity is ever expanded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from application.imports.source import Broken, Line

_PIECE = 65_536
_OF_TRACE = "case:"
"""Before the name of a trace's attribute, as the tools of process mining write it."""
_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id", "list", "container"})


class BadXes(Exception):
    """A file is no XES. The message says why."""


def xes_lines(raw: IO[bytes]) -> Iterator[Line]:
    """Yield one row an event: its attributes, and those of its trace as `case:...`. Raises BadXes."""
    reader = _Reader()
    try:
        while piece := raw.read(_PIECE):
            reader.parser.Parse(piece, False)
            while reader.lines:
                yield reader.lines.popleft()
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BadXes(str(error)) from None
    yield from reader.lines
    if not reader.is_log:
        raise BadXes("it holds no log")


class _Reader:
    """Gathers the attributes of the trace and the event that are open."""

    def __init__(self) -> None:
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._refuse
        self.lines: deque[Line] = deque()
        self.is_log = False
        self._open: list[str] = []
        """The elements that are open."""
        self._names: list[str] = []
        """The keys of the attributes that are open: an attribute may have attributes."""
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] | None = None
        self._events: list[tuple[int, dict[str, str]]] = []
        self._line = 0

    @staticmethod
    def _refuse(*_: object) -> None:
        raise BadXes("it declares a document type, which no log needs")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(" ")[2]
        self._open.append(name)
        if name == "log":
            self.is_log = True
        elif name == "trace":
            self._trace, self._events = {}, []
        elif name == "event":
            self._event, self._line = {}, self.parser.CurrentLineNumber
        elif name in _ATTRIBUTES:
            self._names.append(attributes.get("key", ""))
            self._keep(attributes.get("value"))

    def _keep(self, value: str | None) -> None:
        """Keep an attribute of the open event, else of the open trace."""
        kept = self._event if self._event is not None else self._trace if "trace" in self._open else None
        if value is None or kept is None:
            return
        name = ".".join(name for name in self._names if name)
        kept[name] = value if name not in kept else f"{kept[name]}; {value}"

    def _end(self, qualified: str) -> None:
        name = self._open.pop()
        if name in _ATTRIBUTES:
            self._names.pop()
        elif name == "event":
            self._events.append((self._line, self._event or {}))
            self._event = None
            if "trace" not in self._open:
                self._emit({})
        elif name == "trace":
            self._emit({f"{_OF_TRACE}{key}": value for key, value in self._trace.items()})

    def _emit(self, trace: dict[str, str]) -> None:
        if not self._events:
            self.lines.append((self.parser.CurrentLineNumber, Broken("a trace without events", trace)))
        self.lines.extend((line, {**trace, **event}) for line, event in self._events)
        self._events = []
