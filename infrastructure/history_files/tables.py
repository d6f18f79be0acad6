"""Tables and JSON Lines: a row is what its header, or its names, make of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TextIO

from application.imports.source import Broken, Line

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_FIELD = 16 * 1024 * 1024
"""Characters of one cell. Python's default of 128 kB is less than some descriptions."""


def delimiter_of(head: str, columns: Collection[str]) -> str:
    """The delimiter by which the first line has most of the expected columns, or most columns at all."""
    wanted = {name.strip().casefold() for name in columns}

    def fit(delimiter: str) -> tuple[int, int]:
        found = next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter), [])
        return len(wanted & {name.strip().casefold() for name in found}), len(found)

    return max(_DELIMITERS, key=fit)


def heading_of(head: str, delimiter: str) -> tuple[str, ...]:
    """The columns that the first line names."""
    return tuple(_heading(next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter), [])))


def csv_lines(text: TextIO, delimiter: str) -> Iterator[Line]:
    """Yield the rows of a table with the line that each ends in. Raises csv.Error."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(text, delimiter=delimiter)
    heading = _heading(next(reader, []))
    width = len(heading)
    for cells in reader:
        if not cells:
            continue
        if len(cells) != width and (len(cells) < width or any(cells[width:])):
            yield reader.line_num, Broken(f"it has {len(cells)} columns, not {len(heading)}", cells)
        else:
            yield reader.line_num, dict(zip(heading, cells, strict=False))


def _heading(cells: list[str]) -> list[str]:
    """Column names. A name that comes again is told apart, so that no cell hides another."""
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.split()) or f"column {place}"
        names.append(name if name not in names else f"{name} ({place})")
    return names


def json_lines(text: TextIO) -> Iterator[Line]:
    """Yield one row a line: an object, whose inner objects become names with dots."""
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            yield number, Broken(f"it is no JSON: {error}", line.rstrip("\r\n"))
            continue
        if isinstance(document, dict):
            yield number, dict(_flat("", document))
        else:
            yield number, Broken("it is no JSON object", document)


def _flat(prefix: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        elif isinstance(value, str):
            yield f"{prefix}{name}", value
        elif value is not None:
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)
