"""CSV as a spreadsheet reads it: RFC 4180, and no text of anybody's is ever taken for a formula.

All CSV that leaves the desk is written here. Numbers stay numbers. A text that a spreadsheet would calculate gets an
apostrophe before it, which makes it text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any
from unicodedata import category, normalize

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark by which some spreadsheets know UTF-8."""
_SIGNS = frozenset({"=", "+", "-", "@", "\N{MINUS SIGN}"})
_BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BEFORE = frozenset("\"'`;,|")
"""Quotes, and what separates cells in some countries: a formula may follow them."""
_CONTROLS = ("\t", "\r", "\n", "\0")
_CELL_WITHIN = re.compile(r"([;\t|\r\n][\"'\s]*)(?=[=+@\uff1d\uff0b\uff20\ufe66\ufe62\ufe6b]|[-\u2212\uff0d\ufe63]\S)")
"""Where a cell would begin for a spreadsheet that separates cells by another sign than the comma."""


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, Any]], zone: tzinfo, *, bom: bool = False) -> str:
    """Rows under their names; times are told in a zone. A row's missing value is an empty cell."""
    lines = [",".join(map(_text, names))]
    lines += [",".join(_cell(row.get(name), zone) for name in names) for row in rows]
    return (BOM if bom else "") + "".join(f"{line}\r\n" for line in lines)


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
    """A text that no spreadsheet calculates; itself, where none would."""
    lead = _leading(text)
    mark = "'" if text.startswith(_CONTROLS) or normalize("NFKC", text[lead : lead + 1])[:1] in _SIGNS else ""
    return mark + text[:lead] + _CELL_WITHIN.sub(r"\1'", text[lead:])


def _leading(text: str) -> int:
    """How many characters stand before the first that a spreadsheet looks at."""
    passed = (place for place, c in enumerate(text) if c not in _BEFORE and category(c) not in _BLANK)
    return next(passed, len(text))
