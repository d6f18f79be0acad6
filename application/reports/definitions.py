"""The definitions of the reports' figures. A change of meaning is a new version.

`docs/reporting.md` defines each figure, also for imported history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    """Each row has the medians of one priority, or of all."""
    (every,) = [row for row in rows if row["every_priority"]]
    of = sorted((row["priority"], row) for row in rows if not row["every_priority"])
    return {**_times(every), "by_priority": {priority: _times(row) for priority, row in of}}


def _times(row: Row) -> dict[str, Any]:
    return {
        "resolved": row["resolved"],
        "median_hours": _hours(row["net_seconds"]),
        "median_hours_wall_clock": _hours(row["wall_seconds"]),
        "median_hours_to_first_resolution": _hours(row["first_seconds"]),
        "source_median_hours": _hours(row["source_seconds"]),
        "source_cases": row["source_cases"],
    }


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 4)


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
