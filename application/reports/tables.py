"""A report as a table: a row a breakdown, or one of the totals; a column a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from application.exports.spreadsheet import csv_text


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Figures within figures, by names such as `by_priority.1`."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def report_csv(document: Mapping[str, Any], zone: ZoneInfo, *, bom: bool = False) -> str:
    """A report as CSV; each row says which zone its months and times are of, and which position it is as of."""
    beside = {"time_zone": zone.key, "as_of_position": document["position"]}
    rows = [{**flat(row), **beside} for row in document["rows"] or [document["totals"]]]
    return csv_text(list(dict.fromkeys(name for row in rows for name in row)), rows, zone, bom=bom)
