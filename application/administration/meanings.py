"""Meanings of a class's fields, read from the docstrings in its source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, get_args, get_type_hints


@dataclass(frozen=True)
class Meaning:
    """A field whose docstring reads ``Unit: meaning``."""

    unit: str
    meaning: str
    parts: dict[str, Meaning]
    """The fields of a nested dataclass, if the field holds one."""

    def document(self) -> dict[str, Any]:
        """Return the meaning as plain data, with nested fields under `fields`."""
        parts = {name: part.document() for name, part in self.parts.items()}
        return {"unit": self.unit, "meaning": self.meaning, **({"fields": parts} if parts else {})}


def meanings(kind: type[Any]) -> dict[str, Meaning]:
    """Return unit and meaning of every field of a dataclass, in order. Raises ValueError for a field without them."""
    hints, docstrings = get_type_hints(kind), field_docstrings(kind)
    return {field.name: _meaning(kind, field.name, hints, docstrings) for field in fields(kind)}


def _meaning(kind: type[Any], name: str, hints: dict[str, Any], docstrings: dict[str, str]) -> Meaning:
    unit, colon, meaning = docstrings.get(name, "").partition(": ")
    if not colon:
        raise ValueError(f"{kind.__name__}.{name} has no docstring of the form `Unit: meaning`")
    parts = next(_dataclasses(hints[name]), None)
    return Meaning(unit, meaning[:1].upper() + meaning[1:], {} if parts is None else meanings(parts))


def field_docstrings(kind: type[Any]) -> dict[str, str]:
    """Return the docstrings of a dataclass's own and inherited fields, or of an enumeration's members.

    Each is on one line.
    """
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if is_dataclass(each) or (issubclass(each, Enum) and each.__members__):
            found |= _under_names(definition(each))
    return found


def definition(kind: type[Any]) -> ast.ClassDef:
    """Return the syntax tree of a top-level class. Raises KeyError for a nested class."""
    return _classes(kind.__module__)[kind.__name__]


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    statements = ast.parse(inspect.getsource(import_module(module))).body
    return {each.name: each for each in statements if isinstance(each, ast.ClassDef)}


def _under_names(source: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for named, below in zip(source.body, source.body[1:], strict=False):
        match named, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


def _dataclasses(hint: Any) -> Iterator[type[Any]]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for each in get_args(hint):
        yield from _dataclasses(each)
