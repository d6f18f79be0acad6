"""The types of the fields of events in words, and the values that events hold inside."""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from datetime import date, datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from application.administration.meanings import definition, field_docstrings
from domain.values import Disclosure, DisclosureKind
from tools.pages.markdown import code, prose, table

_PLAIN = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    bytes: "bytes",
    UUID: "UUID",
    datetime: "moment",
    date: "date",
    timedelta: "interval",
    Any: "any",
}


def docstring(kind: type[Any]) -> str:
    """The docstring that a class has of its own, and not the signature that a dataclass gets."""
    return ast.get_docstring(definition(kind)) or ""


def plain(value: Any) -> str:
    """A value as an event holds it."""
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


class Kinds:
    """Names types, and remembers the classes among them for the section that describes them."""

    def __init__(self) -> None:
        self._met: dict[str, type[Any]] = {}

    def name(self, hint: Any) -> str:
        """A type in words. Raises ValueError when two classes have one name."""
        origin, inside = get_origin(hint), get_args(hint)
        if origin is None:
            return _PLAIN.get(hint) or self._class(hint)
        if origin is Literal:
            return ", ".join(code(plain(each)) for each in inside)
        names = [self.name(each) for each in inside if each not in (NoneType, Ellipsis)]
        if origin in (Union, UnionType):
            return " or ".join(names) + (", optional" if NoneType in inside else "")
        if origin is tuple and Ellipsis not in inside:
            return f"list of {len(inside)}: {', '.join(dict.fromkeys(names))}"
        return f"map of {names[0]} to {names[1]}" if len(names) > 1 else f"list of {names[0]}"

    def _class(self, kind: type[Any]) -> str:
        if self._met.setdefault(kind.__name__, kind) is not kind:
            raise ValueError(f"two classes are named {kind.__name__}: the page could not tell them apart")
        return f"[`{kind.__name__}`](#{kind.__name__.lower()})"

    def section(self) -> str:
        """The classes that were named, and those inside them, by name."""
        written: dict[str, str] = {}
        while left := [kind for name, kind in self._met.items() if name not in written]:
            written |= {kind.__name__: self._described(kind) for kind in left}
        return "## Values in events\n\n" + "\n".join(written[name] for name in sorted(written))

    def _described(self, kind: type[Any]) -> str:
        text = prose(docstring(kind))
        head = f"### {kind.__name__}\n\n" + (f"{text}\n\n" if text else "")
        if issubclass(kind, Enum):
            return head + table(("value", "meaning"), self._values(kind))
        if kind is Disclosure:
            return head + table(("field", "type", "meaning"), self._of_disclosure())
        hints, said = get_type_hints(kind), field_docstrings(kind)
        names = [field.name for field in fields(kind)]
        rows = [(code(name), self.name(hints[name]), prose(said.get(name, ""))) for name in names]
        return head + table(("field", "type", "meaning"), rows)

    def _of_disclosure(self) -> list[tuple[str, str, str]]:
        """What an event holds of a disclosure. The vault holds salt and value."""
        return [
            (code("digest"), "text", "SHA-256 of salt and value, in hex."),
            (code("subject"), "text", "The person that the words are about."),
            (code("kind"), self.name(DisclosureKind), "Whose words they are."),
        ]

    @staticmethod
    def _values(kind: type[Enum]) -> list[tuple[str, str]]:
        said = field_docstrings(kind)
        return [(code(str(member.value)), prose(said.get(member.name, ""))) for member in kind]
