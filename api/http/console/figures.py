"""What of a report stands on its page: its figures with their units and definitions, and bars for what is broken down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.http.console.wording import titled
from application.reports.definitions import REPORTS
from application.reports.report import Figure, Unit

_UNITS = {Unit.HOURS: " h", Unit.SECONDS: " s", Unit.DAYS: " d"}


@dataclass(frozen=True)
class Shown:
    """A figure as it is shown."""

    name: str
    value: str
    definition: str


@dataclass(frozen=True)
class Chart:
    """Bars, each with its name, its length and its figure in words."""

    title: str
    bars: Sequence[tuple[str, float, str]]


def figures(report: Mapping[str, Any]) -> list[Shown]:
    """The totals that are single figures."""
    totals = report["totals"]
    known = [each for each in REPORTS[report["report"]].figures if not isinstance(totals.get(each.name), dict)]
    return [
        Shown(titled(each.name), in_words(each.unit, totals[each.name]), each.meaning)
        for each in known
        if each.name in totals
    ]


def in_words(unit: Unit, value: Any) -> str:
    """A value with its unit."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if unit is Unit.SHARE:
        return f"{value:.0%}"
    return f"{round(value, 1) if isinstance(value, float) else value}{_UNITS.get(unit, '')}"


def table(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The rows of a breakdown as a table: its columns, and its cells in words."""
    rows, units = report["rows"], {each.name: each.unit for each in REPORTS[report["report"]].figures}
    columns = [name for name, value in (rows[0] if rows else {}).items() if not isinstance(value, dict)]
    cells = [
        [in_words(units[name], row[name]) if name in units else _named(name, row[name]) for name in columns]
        for row in rows
    ]
    return columns, cells


def charts(report: Mapping[str, Any]) -> list[Chart]:
    """The figure that the report draws, by its breakdown; and the parts of its totals that are broken down."""
    definition = REPORTS[report["report"]]
    known = {each.name: each for each in definition.figures}
    drawn, by = known[definition.charted[0]], report["by"]
    made = []
    if by is not None and "," not in by:
        made.append(
            Chart(
                f"{titled(drawn.name)} by {by}",
                _bars(drawn, [(_named(by, row[by]), row.get(drawn.name)) for row in report["rows"]]),
            )
        )
    for name, parts in report["totals"].items():
        if isinstance(parts, dict) and name in known:
            of = drawn if known[name].unit is Unit.FIGURES else known[name]
            values = [
                (_label(part), each.get(drawn.name) if isinstance(each, dict) else each) for part, each in parts.items()
            ]
            made.append(
                Chart(
                    titled(name) if of is not drawn else f"{titled(drawn.name)} {titled(name).lower()}",
                    _bars(of, values),
                )
            )
    return [chart for chart in made if chart.bars]


def _bars(figure: Figure, values: Sequence[tuple[str, Any]]) -> list[tuple[str, float, str]]:
    return [
        (name, float(value), in_words(figure.unit, value)) for name, value in values if isinstance(value, int | float)
    ]


def _named(by: str, value: Any) -> str:
    return "none" if value is None else f"P{value}" if by == "priority" else str(value)


def _label(part: str) -> str:
    return f"P{part}" if part in ("1", "2", "3", "4") else titled(part)
