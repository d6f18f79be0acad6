"""A report as a table: one row per breakdown or total, one column per figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from application.reports.spreadsheet import csv_text


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested figures under names such as `by_priority.1`."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def report_csv(document: Mapping[str, Any], zone: ZoneInfo, *, bom: bool = False) -> str:
    """Return a report as CSV. Each row names the zone of its times and the position it is as of."""
    beside = {"time_zone": zone.key, "as_of_position": document["position"]}
    rows = [{**flat(row), **beside} for row in document["rows"] or [document["totals"]]]
    return csv_text(list(dict.fromkeys(name for row in rows for name in row)), rows, zone, bom=bom)
