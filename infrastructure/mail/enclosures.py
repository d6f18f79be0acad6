"""What a letter with a report shows and carries: its figures as a table, or a file of the form that its schedule names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from application.mail_out.letters import EnclosedReport
from application.reports.charts import report_chart
from application.reports.definitions import REPORTS
from application.reports.report import Unit
from application.reports.tables import flat, report_csv

_MOST_LINES = 100
"""Rows in the text of a mail. It says how many it leaves out."""


@dataclass(frozen=True)
class File:
    """A file that a letter carries."""

    name: str
    kind: str
    """Its media type."""
    content: bytes


def enclosed_file(report: EnclosedReport) -> File | None:
    """Write the file that carries a report; None for a table, which stands in the text. Raises Invalid without charts."""
    document, form = revived(report.document), report.form
    name = f"{report.schedule}-{report.period}.{form}"
    zone = ZoneInfo(document["time_zone"])
    match form:
        case "csv":
            return File(name, "text/csv", report_csv(document, zone).encode())
        case "json":
            return File(name, "application/json", msgspec.json.format(msgspec.json.encode(report.document)))
        case "svg" | "png":
            kind = "image/svg+xml" if form == "svg" else "image/png"
            return File(name, kind, report_chart(document, form))
        case "table":
            return None


def revived(document: Mapping[str, Any]) -> dict[str, Any]:
    """A report with its moments, as it was before it was stored."""
    definition = REPORTS.get(document["report"])
    times = (
        {"from", "to", "as_of", *(each.name for each in definition.figures if each.unit is Unit.TIME)}
        if definition
        else set()
    )

    def moments(row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: datetime.fromisoformat(value) if name in times and value else value for name, value in row.items()
        }

    rows = [moments(row) for row in document["rows"]]
    return {**moments(document), "totals": moments(document["totals"]), "rows": rows}


def shown(report: EnclosedReport) -> dict[str, Any]:
    """The values of the templates: what it is a report of, its totals, and for a table its rows."""
    document = revived(report.document)
    zone = ZoneInfo(document["time_zone"])
    rows = [flat(row) for row in document["rows"]] if report.form == "table" else []
    names = list(dict.fromkeys(name for row in rows for name in row))
    left_out = document.get("rows_left_out", 0) + max(0, len(rows) - _MOST_LINES)
    cells = [[_cell(row.get(name), zone) for name in names] for row in rows[:_MOST_LINES]]
    return {
        "report": document["report"],
        "by": document["by"],
        "period": report.period,
        "since": f"{document['from'].astimezone(zone):%Y-%m-%d %H:%M}",
        "until": f"{document['to'].astimezone(zone):%Y-%m-%d %H:%M}",
        "time_zone": zone.key,
        "position": document["position"],
        "definitions_version": document["definitions_version"],
        "totals": [(name, _cell(value, zone)) for name, value in flat(document["totals"]).items()],
        "columns": names,
        "rows": cells,
        "lines": _aligned([names, *cells]) if cells else [],
        "rows_left_out": left_out,
        "file": None if report.form == "table" else f"{report.schedule}-{report.period}.{report.form}",
    }


def _cell(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return "-"
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
