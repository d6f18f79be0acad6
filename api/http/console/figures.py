"""What of a report stands on its page: single figures, and bars for what is broken down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.console.wording import titled
from application.reports.definitions import REPORTS

DEFINITIONS = {name: report.about for name, report in REPORTS.items()}
"""What each report counts."""
_SHARES = ("_rate", "_attainment", "_goal")
"""How the names of shares end."""


@dataclass(frozen=True)
class Chart:
    """Bars, each with its name and its figure."""

    title: str
    bars: Sequence[tuple[str, float]]


def figures(report: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The totals that are single figures."""
    return [(titled(name), _shown(name, each)) for name, each in report["totals"].items() if not isinstance(each, dict)]


def _shown(name: str, value: Any) -> Any:
    if value is None:
        return "—"
    return f"{value:.0%}" if name.endswith(_SHARES) else round(value, 1) if isinstance(value, float) else value


def charts(report: Mapping[str, Any]) -> list[Chart]:
    """The parts of the totals that are broken down, and the rows of a breakdown."""
    made = [Chart(titled(name), _bars(each)) for name, each in report["totals"].items() if isinstance(each, dict)]
    rows, by = report["rows"], report["by"]
    measure = REPORTS[report["report"]].charted[0]
    if by is not None:
        bars = [(_named(by, row[by]), row[measure] or 0) for row in rows]
        made.insert(0, Chart(f"{titled(measure)} by {by}", bars))
    return [chart for chart in made if chart.bars]


def _named(by: str, value: Any) -> str:
    return "none" if value is None else f"P{value}" if by == "priority" else str(value)


def _bars(parts: Mapping[str, Any]) -> list[tuple[str, float]]:
    bars = []
    for name, value in parts.items():
        figure = value.get("median_hours") if isinstance(value, dict) else value
        if isinstance(figure, int | float):
            label = f"P{name}" if name in ("1", "2", "3", "4") else titled(name)
            bars.append((label, round(figure, 1) if isinstance(figure, float) else figure))
    return bars
