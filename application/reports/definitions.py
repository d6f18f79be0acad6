"""The definitions of the reports' figures. A change of meaning is a new version.

`docs/reporting.md` defines each figure, also for imported history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """A report: its totals function, and the version of its definitions."""

    version: str
    total: Callable[[Sequence[Row]], dict[str, Any]]


def _volume(rows: Sequence[Row]) -> dict[str, Any]:
    by_status: Counter[str] = Counter()
    by_priority: Counter[str] = Counter()
    for row in rows:
        by_status[row["status"]] += row["cases"]
        by_priority[str(row["priority"] or "none")] += row["cases"]
    return {
        "cases": sum(row["cases"] for row in rows),
        "events": sum(row["events"] for row in rows),
        "by_status": dict(sorted(by_status.items())),
        "by_priority": dict(sorted(by_priority.items())),
    }


_REOPENINGS = ("cases_reopened", "reopenings", "reopenings_after_72h", "reopenings_after_closure")


def _reopenings(rows: Sequence[Row]) -> dict[str, Any]:
    return {name: sum(row[name] for row in rows) for name in _REOPENINGS}


def _resolution(rows: Sequence[Row]) -> dict[str, Any]:
    priorities = sorted({str(row["priority"] or "none") for row in rows})
    of = {p: [row for row in rows if str(row["priority"] or "none") == p] for p in priorities}
    return {**_times(rows), "by_priority": {p: _times(of[p]) for p in priorities}}


def _times(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "resolved": sum(row["resolved"] for row in rows),
        "median_hours": _median(row["net"] for row in rows),
        "median_hours_wall_clock": _median(row["wall"] for row in rows),
        "median_hours_to_first_resolution": _median(row["first"] for row in rows),
        "source_median_hours": _median(row["source"] for row in rows),
        "source_cases": sum(1 for row in rows for value in row["source"] or () if value is not None),
    }


def _median(columns: Iterable[Sequence[float | None] | None]) -> float | None:
    values = [value for column in columns for value in column or () if value is not None]
    return round(median(values), 4) if values else None


_OUTCOMES = (
    "resolved",
    "window_ended",
    "first_contact",
    "referred",
    "duplicate",
    "reclassified",
    "unreachable",
    "handed_back",
    "failed_fixes",
)


def _outcomes(rows: Sequence[Row]) -> dict[str, Any]:
    totals: dict[str, Any] = {name: sum(row[name] for row in rows) for name in _OUTCOMES}
    ended = totals["window_ended"]
    return {**totals, "first_contact_rate": round(totals["first_contact"] / ended, 4) if ended else None}


REPORTS = {
    "volume": Report("volume/1", _volume),
    "reopenings": Report("reopenings/2", _reopenings),
    "resolution": Report("resolution/3", _resolution),
    "outcomes": Report("outcomes/2", _outcomes),
}
