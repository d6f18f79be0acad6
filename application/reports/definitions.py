"""The reports by name (kpis.md). `docs/reporting.md` lists the definitions of every figure, made from here."""

from __future__ import annotations

from application.reports import case_figures, happening_figures, resolution_figures
from application.reports.report import MOST_BREAKDOWNS, Breakdown
from application.reports.retention_figures import RETENTION
from domain.errors import Invalid

REPORTS = {
    report.name: report for report in (*case_figures.REPORTS, *resolution_figures.REPORTS, *happening_figures.REPORTS)
}
"""The reports that are computed from the views, in the order of the documents."""
DEFINITIONS = (*REPORTS.values(), RETENTION)
"""The definitions of all reports."""


def breakdowns_of(by: str | None) -> tuple[Breakdown, ...]:
    """The breakdowns that a text names, with commas between. Raises Invalid for unknown, repeated and too many ones."""
    names = by.split(",") if by is not None else []
    known = [each.value for each in Breakdown]
    if unknown := [name for name in names if name not in known]:
        raise Invalid(f"There is no breakdown {unknown[0][:60]!r}; there are {', '.join(known)}.", "/query/by")
    if len(set(names)) < len(names) or len(names) > MOST_BREAKDOWNS:
        raise Invalid(f"Break down by at most {MOST_BREAKDOWNS} different ones, such as team,month.", "/query/by")
    return tuple(map(Breakdown, names))
