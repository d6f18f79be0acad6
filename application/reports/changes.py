"""An answer that was counted before, and what has changed since: together they are the answer now, to the last digit.

Figures add up over cases. So the rows of all cases are the rows of then, less those of the cases that have changed as they
were then, plus those of the same cases as they are now. A percentile lies few places from where it lay: a part of the sorted
values around it suffices.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from application.reports.report import Row

KEYS = ("k1", "k2", "every_key", "status", "priority", "every_priority", "value")
"""The columns that name a group of cases. A row has some of them; its other columns are counts and percentiles."""
Key = tuple[Any, ...]
Fractions = Mapping[str, float | tuple[float, ...]]
"""The percentiles of a report: the fraction of each, or its fractions, by the name of the column."""


class TooNarrow(Exception):
    """The percentile has left the values that were kept around it."""


@dataclass(frozen=True)
class Window:
    """The part of sorted values around a percentile."""

    count: int = 0
    """How many values there are in all."""
    first: int = 1
    """The place of the first one here, from 1."""
    values: Sequence[float] = ()

    def percentile(self, fraction: float, gone: Sequence[float], come: Sequence[float]) -> float | None:
        """The percentile after some values have gone and others come, both in order, as SQL's percentile_cont; None of no values.

        Raises TooNarrow.
        """
        count = self.count - len(gone) + len(come)
        if count <= 0:
            return None
        if self.count and not self.values:
            raise TooNarrow
        place = fraction * (count - 1)
        low, high = self._at((floor(place) + 1, ceil(place) + 1), gone, come)
        return low + (place - floor(place)) * (high - low)

    def _at(self, places: tuple[int, int], gone: Sequence[float], come: Sequence[float]) -> tuple[float, float]:
        """The values at two places, of which the second is the same or the next one."""

        def place_of(value: float) -> int:
            return self.first - 1 + bisect(self.values, value) + bisect(come, value) - bisect(gone, value)

        since, until = 0, len(come)
        if self.first > 1:
            least = self.values[0]
            since = bisect_left(come, least)
            # Those before the window may be equal to its first value, so that fewer may lie below it than are counted here.
            if self.first - 1 + since - bisect_left(gone, least) >= places[0]:
                raise TooNarrow
        if self.first + len(self.values) <= self.count:
            until = bisect(come, self.values[-1])
        known = sorted((*self.values, *come[since:until]))
        low, high = (bisect_left(known, place, key=place_of) for place in places)
        if high == len(known):
            raise TooNarrow
        return known[low], known[high]


def key_of(row: Row) -> Key:
    """The group of a row."""
    return tuple(map(row.get, KEYS))


def changed(
    rows: Iterable[dict[str, Any]],
    gone: Sequence[Row],
    come: Sequence[Row],
    fractions: Fractions | None = None,
    windows: Mapping[tuple[Key, str, float], Window] | None = None,
) -> list[dict[str, Any]]:
    """The rows of an answer after some cases have changed: what they were and what they are.

    Where a report has percentiles, `gone` and `come` have their values in order instead, once for each group, and the windows are
    those of all groups that change. Raises TooNarrow.
    """
    of: dict[Key, dict[str, Any]] = {key_of(row): row for row in rows}
    touched: set[Key] = set()
    fractions = fractions or {}
    values: dict[Key, dict[str, list[Sequence[float]]]] = {}
    for sign, those in ((-1, gone), (1, come)):
        for row in those:
            key = key_of(row)
            if key not in touched:
                touched.add(key)
                of[key] = dict(of.get(key) or {name: row[name] for name in KEYS if name in row})
            group = of[key]
            changing = values.setdefault(key, {name: [(), ()] for name in fractions})
            for name, value in row.items():
                if name in fractions:
                    changing[name][sign > 0] = value or ()
                elif name not in KEYS:
                    group[name] = group.get(name, 0) + sign * (value or 0)
    for key, changing in values.items():
        for name, (left, new) in changing.items():
            of[key][name] = _percentiles(key, name, fractions[name], left, new, windows or {})
    return [row for key, row in of.items() if key not in touched or _is_of_all(row) or _counts(row, fractions)]


def _percentiles(
    key: Key,
    name: str,
    fractions: float | tuple[float, ...],
    gone: Sequence[float],
    come: Sequence[float],
    windows: Mapping[tuple[Key, str, float], Window],
) -> Any:
    if isinstance(fractions, tuple):
        found = [windows.get((key, name, each), Window()).percentile(each, gone, come) for each in fractions]
        return None if found[0] is None else found
    return windows.get((key, name, fractions), Window()).percentile(fractions, gone, come)


def _is_of_all(row: Mapping[str, Any]) -> bool:
    """Whether a row is about all cases. It stays when there are none."""
    return bool(row.get("every_key", False) and row.get("every_priority", True))


def _counts(row: Mapping[str, Any], fractions: Fractions) -> bool:
    """Whether a group still holds anything."""
    return any(value for name, value in row.items() if name not in KEYS and name not in fractions)
