"""Reports on resolutions: how long they took, how they came about, and which did not hold.

Each case counts by its last resolution in the period. `referred`, `duplicate` and `reclassified_request` are no incidents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from application.reports.report import Figure, Goals, Report, Row, Unit, hours, share, summed

RESOLVED = "the last resolution of the case in the period"
_INCIDENTS = "incidents resolved in the period"
_ENDED = (
    "those whose resolution was reopened, or whose dispute window has ended without a mail that waits to be understood"
)

_REOPENINGS = ("cases_reopened", "reopenings", "reopenings_after_72h", "reopenings_after_closure")


def _reopenings(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001 - the shape of all reports
    return summed(rows, _REOPENINGS)


REOPENINGS = Report(
    "reopenings",
    2,
    "Changes of incidents from `resolved` to anything but `closed`, in the period.",
    "the reopening; a month is that of `received_at`",
    (
        Figure("cases_reopened", Unit.CASES, "reopened at least once"),
        Figure("reopenings", Unit.TIMES, "all reopenings"),
        Figure("reopenings_after_72h", Unit.TIMES, "those more than 72 hours after the case entered `resolved`"),
        Figure("reopenings_after_closure", Unit.TIMES, "changes from `closed`, counted apart and in none of the others, once for each stay in `resolved` (imported cases are closed and opened again without one)"),
    ),
    _reopenings,
    ("reopenings", "reopenings_after_72h", "reopenings_after_closure"),
)  # fmt: skip


def _resolution(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    """Each row has the medians of one priority, or of all."""
    (every,) = [row for row in rows if row["every_priority"]]
    of = sorted((row["priority"], row) for row in rows if not row["every_priority"])
    return {**_times(every), "by_priority": {priority: _times(row) for priority, row in of}}


def _times(row: Row) -> dict[str, Any]:
    return {
        "resolved": row["resolved"],
        "median_hours": hours(row["net_seconds"]),
        "median_hours_wall_clock": hours(row["wall_seconds"]),
        "median_hours_to_first_resolution": hours(row["first_seconds"]),
        "source_median_hours": hours(row["source_seconds"]),
        "source_cases": row["source_cases"],
    }


RESOLUTION = Report(
    "resolution",
    3,
    "Medians of the elapsed time to resolve, of incidents.",
    RESOLVED,
    (
        Figure("resolved", Unit.CASES, "with a resolution in the period"),
        Figure("median_hours", Unit.HOURS, "last resolution minus `received_at`, less pauses and less time spent resolved before a reopening"),
        Figure("median_hours_wall_clock", Unit.HOURS, "last resolution minus `received_at`"),
        Figure("median_hours_to_first_resolution", Unit.HOURS, "first resolution minus `received_at`"),
        Figure("source_median_hours", Unit.HOURS, "imported cases only: the source's own `resolved_at` minus `opened_at`, by its last row"),
        Figure("source_cases", Unit.CASES, "how many cases have both; only these count for that median"),
        Figure("by_priority", Unit.FIGURES, "the same for each priority at the report's moment"),
    ),
    _resolution,
    ("median_hours", "median_hours_wall_clock", "median_hours_to_first_resolution"),
)  # fmt: skip

_SPANS = {
    "business": "hours_business",
    "net": "hours",
    "wall": "hours_wall_clock",
    "first_business": "hours_to_first_business",
    "first_net": "hours_to_first",
}
_SPANNED = {
    "business": "last resolution minus `received_at` in business time, less pauses and less time spent resolved before a reopening",
    "net": "the same, elapsed",
    "wall": "last resolution minus `received_at`, elapsed, nothing deducted",
    "first_business": "first resolution minus `received_at` in business time, less pauses",
    "first_net": "the same, elapsed",
}


def _resolve(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    (row,) = rows
    found: dict[str, Any] = {"resolved": row["cases"]}
    for name, suffix in _SPANS.items():
        median, ninth = row[name] or (None, None)
        found |= {f"median_{suffix}": hours(median), f"p90_{suffix}": hours(ninth)}
    return found


RESOLVE = Report(
    "resolve",
    1,
    "Time to resolve, of incidents, in business time and elapsed.",
    RESOLVED,
    (
        Figure("resolved", Unit.CASES, _INCIDENTS),
        *(
            figure
            for name, suffix in _SPANS.items()
            for figure in (
                Figure(f"median_{suffix}", Unit.HOURS, f"median: {_SPANNED[name]}"),
                Figure(f"p90_{suffix}", Unit.HOURS, f"the time within which 90 % were resolved: {_SPANNED[name]}"),
            )
        ),
    ),
    _resolve,
    ("median_hours_business", "p90_hours_business", "median_hours"),
)

_OUTCOMES = (
    *("resolved", "window_ended", "first_contact", "referred", "duplicate", "reclassified", "unreachable"),
    *("handed_back", "failed_fixes"),
)


def _outcomes(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    totals = summed(rows, _OUTCOMES)
    return {**totals, "first_contact_rate": share(totals["first_contact"], totals["window_ended"])}


_FIRST_CONTACT = (
    "those of `window_ended` that the desk resolved itself, never assigned to a team, and that were never reopened"
)
OUTCOMES = Report(
    "outcomes",
    2,
    "How cases were resolved.",
    RESOLVED,
    (
        Figure("resolved", Unit.CASES, "incidents resolved; all other figures but the three of the other codes are of these"),
        Figure("window_ended", Unit.CASES, _ENDED),
        Figure("first_contact", Unit.CASES, _FIRST_CONTACT),
        Figure("first_contact_rate", Unit.SHARE, "`first_contact` / `window_ended`"),
        Figure("referred", Unit.CASES, "cases whose last resolution has the code `referred`"),
        Figure("duplicate", Unit.CASES, "cases whose last resolution has the code `duplicate`"),
        Figure("reclassified", Unit.CASES, "cases whose last resolution has the code `reclassified_request`"),
        Figure("unreachable", Unit.CASES, "resolved without the customer's word, after the policy's attempts to reach them (R-5.8c)"),
        Figure("handed_back", Unit.CASES, "cases that a team handed back to the desk, at any time before the report's moment"),
        Figure("failed_fixes", Unit.TIMES, "negative verifications in these cases (R-5.8b)"),
    ),
    _outcomes,
    ("resolved", "window_ended", "first_contact", "referred", "duplicate", "reclassified"),
)  # fmt: skip


def _rate(name: str, part: str, whole: str, *beside: str) -> Any:
    """A report of counts, with one as a share of another."""

    def total(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
        counts = summed(rows, (whole, *beside, part))
        return {**counts, name: share(counts[part], counts[whole])}

    return total


FIRST_CONTACT = Report(
    "first_contact",
    1,
    "First-contact resolution (R-5.5e): incidents that the desk resolved itself and nobody disputed. A case counts once its dispute "
    "window has ended.",
    RESOLVED,
    (
        Figure("resolved", Unit.CASES, _INCIDENTS),
        Figure("window_ended", Unit.CASES, _ENDED),
        Figure("first_contact", Unit.CASES, _FIRST_CONTACT),
        Figure("first_contact_rate", Unit.SHARE, "`first_contact` / `window_ended`"),
    ),
    _rate("first_contact_rate", "first_contact", "window_ended", "resolved"),
    ("first_contact_rate",),
)
REOPEN_RATE = Report(
    "reopen_rate",
    1,
    "Reopen rate: incidents with an upheld dispute, among those resolved in the period whose window has ended. Imported history "
    "names no cause of a reopening, and each counts.",
    RESOLVED,
    (
        Figure("resolved", Unit.CASES, _INCIDENTS),
        Figure("window_ended", Unit.CASES, _ENDED),
        Figure("disputed", Unit.CASES, "those of `window_ended` that a dispute of a resolution in the period reopened"),
        Figure("reopen_rate", Unit.SHARE, "`disputed` / `window_ended`"),
    ),
    _rate("reopen_rate", "disputed", "window_ended", "resolved"),
    ("reopen_rate",),
)
REFERRAL = Report(
    "referral",
    1,
    "Referral rate: cases that went to another agency's help desk (R-5.3d).",
    RESOLVED,
    (
        Figure("settled", Unit.CASES, "resolved in the period, with any code"),
        Figure("referred", Unit.CASES, "those whose last resolution has the code `referred`"),
        Figure("referral_rate", Unit.SHARE, "`referred` / `settled`"),
    ),
    _rate("referral_rate", "referred", "settled"),
    ("referral_rate",),
)
UNREACHABLE = Report(
    "unreachable",
    1,
    "Unreachable verifications: incidents resolved without the customer's word, after the policy's attempts to reach them (R-5.8c).",
    RESOLVED,
    (
        Figure("resolved", Unit.CASES, _INCIDENTS),
        Figure("unreachable", Unit.CASES, "those whose customer could not be reached"),
        Figure("unreachable_rate", Unit.SHARE, "`unreachable` / `resolved`"),
    ),
    _rate("unreachable_rate", "unreachable", "resolved"),
    ("unreachable_rate",),
)
PROBLEM_LINKS = Report(
    "problem_links",
    1,
    "Problem-link compliance (R-5.8.1a): incidents fixed or worked around whose cause was not corrected, and that have a Problem Case. "
    "It must be 1.",
    RESOLVED,
    (
        Figure("problem_required", Unit.CASES, "`fixed` or `workaround`, with the cause corrected `no` or `unknown`"),
        Figure("problem_linked", Unit.CASES, "those with a Problem Case"),
        Figure("problem_link_rate", Unit.SHARE, "`problem_linked` / `problem_required`"),
    ),
    _rate("problem_link_rate", "problem_linked", "problem_required"),
    ("problem_link_rate",),
)

REPORTS = (RESOLUTION, RESOLVE, REOPENINGS, OUTCOMES, FIRST_CONTACT, REOPEN_RATE, REFERRAL, UNREACHABLE, PROBLEM_LINKS)
