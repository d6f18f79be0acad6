"""What stands on the page of a report: figures in their units, and bars of what the report draws."""

from __future__ import annotations

from typing import Any

from api.http.console.figures import charts, figures, in_words
from application.reports.report import Unit


def test_a_figure_is_shown_in_its_unit() -> None:
    assert in_words(Unit.SHARE, 0.954) == "95%"
    assert in_words(Unit.HOURS, 1.25) == "1.2 h"
    assert in_words(Unit.CASES, 12) == "12"
    assert in_words(Unit.SHARE, None) == "—"


def test_a_report_shows_its_single_figures_and_draws_its_breakdown() -> None:
    report = {
        "report": "hand_back",
        "by": "priority",
        "totals": {"assignments": 4, "hand_backs": 1, "hand_back_rate": 0.25},
        "rows": [{"priority": 3, "hand_back_rate": 0.5}, {"priority": None, "hand_back_rate": None}],
    }
    assert [(each.name, each.value) for each in figures(report)][-1] == ("Hand back rate", "25%")
    (chart,) = charts(report)
    assert (chart.title, list(chart.bars)) == ("Hand back rate by priority", [("P3", 0.5, "50%")])


def test_totals_that_are_broken_down_are_drawn() -> None:
    report: dict[str, Any] = {
        "report": "volume",
        "by": None,
        "totals": {"cases": 3, "by_status": {"resolved": 2}},
        "rows": [],
    }
    assert [(chart.title, list(chart.bars)) for chart in charts(report)] == [("By status", [("Resolved", 2.0, "2")])]
