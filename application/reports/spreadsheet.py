"""CSV for spreadsheets (RFC 4180), safe from formula injection.

All CSV of the desk is written here. Numbers stay numbers. A text that a spreadsheet would take for a formula gets an
apostrophe before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any
from unicodedata import category, normalize

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Byte order mark by which some spreadsheets detect UTF-8."""
_SIGNS = frozenset({"=", "+", "-", "@", "\N{MINUS SIGN}"})
_BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BEFORE = frozenset("\"'`;,|")
"""Quotes, and cell separators of some countries: a formula may follow them."""
_CONTROLS = ("\t", "\r", "\n", "\0")
_CELL_WITHIN = re.compile(r"([;\t|\r\n][\"'\s]*)(?=[=+@\uff1d\uff0b\uff20\ufe66\ufe62\ufe6b]|[-\u2212\uff0d\ufe63]\S)")
"""Where a cell begins for a spreadsheet with another separator than the comma."""


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, Any]], zone: tzinfo, *, bom: bool = False) -> str:
    """Return rows as CSV under a header, times in a zone. A missing value is an empty cell."""
    return "".join(csv_lines(names, ([row.get(name) for name in names] for row in rows), zone, bom=bom))


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Any]], zone: tzinfo, *, bom: bool = False) -> Iterator[str]:
    """Yield the header and each row as a line of CSV, its line end included."""
    yield (BOM if bom else "") + ",".join(map(_text, names)) + "\r\n"
    for row in rows:
        yield ",".join(_cell(value, zone) for value in row) + "\r\n"


def _cell(value: Any, zone: tzinfo) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return _text(str(value.value if isinstance(value, Enum) else value))


def _text(text: str) -> str:
    return '"' + harmless(text).replace('"', '""') + '"'


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, unchanged if it is safe."""
    lead = _leading(text)
    mark = "'" if text.startswith(_CONTROLS) or normalize("NFKC", text[lead : lead + 1])[:1] in _SIGNS else ""
    return mark + text[:lead] + _CELL_WITHIN.sub(r"\1'", text[lead:])


def _leading(text: str) -> int:
    """Count the leading characters that a spreadsheet ignores."""
    passed = (place for place, c in enumerate(text) if c not in _BEFORE and category(c) not in _BLANK)
    return next(passed, len(text))
