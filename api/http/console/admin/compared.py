"""What a change changes: the fields that differ between two documents, each with what it was and what it will be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from api.http.console.wording import titled

_HOUR, _DAY, _DAYS = 3_600, 86_400, 5
_ISO = re.compile(r"P(?=[0-9T])([0-9]+D)?(T[0-9HMS.]+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?) ?(days?|d|hours?|h|minutes?|min|m|seconds?|s)\b")
_SECONDS = {"d": _DAY, "h": _HOUR, "m": 60, "s": 1}
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Difference:
    """One field that differs."""

    path: str
    name: str
    before: str
    after: str


def named(path: str) -> str:
    """A field's path in words."""
    return ", ".join(str(int(part) + 1) if part.isdecimal() else titled(part) for part in path.split("."))


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], label: Callable[[str], str] = named
) -> list[Difference]:
    """The fields that differ, in the order of the documents."""
    was, will = dict(leaves(before)), dict(leaves(after))
    paths = [*will, *(path for path in was if path not in will)]
    told = [(path, in_words(was.get(path)), in_words(will.get(path))) for path in paths]
    return [Difference(path, label(path), old, new) for path, old, new in told if old != new]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a document that have no parts, by their paths. A list of codes is one field."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping | list | tuple) for each in value):
        for place, part in enumerate(value):
            yield from leaves(part, f"{path}.{place}")
    else:
        yield path, value


def in_words(value: Any) -> str:
    """A value as people read it; a dash for none."""
    if value is None or value in ("", [], ()):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return length(value) if is_interval(value) else str(value)


def is_interval(value: Any) -> bool:
    """Whether a value is an interval as a document has it (ISO 8601)."""
    return isinstance(value, str) and _ISO.fullmatch(value) is not None


def length(interval: str) -> str:
    """An interval in words that say it exactly: `72 h`, `14 d`, `1 h 30 min`."""
    seconds = msgspec.convert(interval, timedelta).total_seconds()
    parts = list[str]()
    for unit, name in _UNITS:
        if unit == _DAY and (seconds < _DAYS * _DAY or seconds % _DAY):
            continue
        count, seconds = divmod(seconds, unit) if name != "s" else (seconds, 0)
        if count:
            parts.append(f"{count:g} {name}")
    return " ".join(parts) or "0 s"


def interval(words: str) -> str | None:
    """An interval in words as a document has it; None for other words."""
    given = words.strip()
    if is_interval(given.upper()):
        return given.upper()
    found = _PART.findall(given.lower())
    if not found or _PART.sub("", given.lower()).strip(" ,"):
        return None
    seconds = sum(float(count) * _SECONDS[unit[0]] for count, unit in found)
    return f"PT{seconds:g}S" if seconds < 1e6 and seconds % 1 else f"PT{int(seconds)}S"
