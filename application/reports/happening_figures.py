"""Reports on what befell cases: each counts when it happened, with its case as it stood then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from application.reports.report import Figure, Goals, Report, Row, Unit, share, summed


def _hand_back(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001 - the shape of all reports
    counts = summed(rows, ("assignments", "hand_backs"))
    return {**counts, "hand_back_rate": share(counts["hand_backs"], counts["assignments"])}


HAND_BACK = Report(
    "hand_back",
    1,
    "Hand-back rate: how often teams handed cases back to the desk (R-5.7a). The team is the one that had the case.",
    "the assignment, and the hand-back",
    (
        Figure("assignments", Unit.TIMES, "cases given to a team that did not have them"),
        Figure("hand_backs", Unit.TIMES, "cases handed back to the desk"),
        Figure("hand_back_rate", Unit.SHARE, "`hand_backs` / `assignments`"),
    ),
    _hand_back,
    ("hand_back_rate",),
    frozen=True,
)


def _notifications(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    counts = summed(rows, ("accepted", "failed"))
    return {**counts, "failure_rate": share(counts["failed"], counts["accepted"] + counts["failed"])}


NOTIFICATIONS = Report(
    "notifications",
    1,
    "Notification failures: mails about resolutions that no server accepted, or that came back, or that had no address (R-5.9g).",
    "the acceptance, or the failure",
    (
        Figure("accepted", Unit.MAILS, "accepted for delivery"),
        Figure("failed", Unit.MAILS, "failed; one that came back later counts in both"),
        Figure("failure_rate", Unit.SHARE, "`failed` / (`accepted` + `failed`)"),
    ),
    _notifications,
    ("failure_rate",),
    frozen=True,
)


def _closures(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    (row,) = rows
    median, last = (None if each is None else round(each, 3) for each in row["lateness"] or (None, None))
    return {"closures": row["closures"], "p50_seconds": median, "p99_seconds": last}


CLOSURES = Report(
    "closures",
    1,
    "Lateness of the automatic closure: from the end of the dispute window to the closure by the timer (R-5.9d).",
    "the closure",
    (
        Figure("closures", Unit.TIMES, "cases closed by the timer"),
        Figure("p50_seconds", Unit.SECONDS, "median of their lateness"),
        Figure("p99_seconds", Unit.SECONDS, "the lateness that 99 % of them did not exceed"),
    ),
    _closures,
    ("p50_seconds", "p99_seconds"),
    frozen=True,
)

_MAJOR = ("nominated", "declared", "rejected")


def _major(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    return summed(rows, (*_MAJOR, "declared_late"))


MAJOR = Report(
    "major_incidents",
    1,
    "Major incidents: nominations and the answers to them (R-5.7b).",
    "the nomination, and the answer",
    (
        Figure("nominated", Unit.TIMES, "nominations, those by priority 1 included"),
        Figure("declared", Unit.TIMES, "declared as major incidents"),
        Figure("rejected", Unit.TIMES, "rejected"),
        Figure("declared_late", Unit.TIMES, "declared by the duty manager, since the team did not answer in time"),
    ),
    _major,
    ("nominated", "declared", "rejected"),
    frozen=True,
)


def _deviations(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    by_name: dict[str, int] = {}
    for row in rows:
        by_name[row["value"]] = by_name.get(row["value"], 0) + row["deviations"]
    return {**summed(rows, ("deviations", "imported")), "by_name": dict(sorted(by_name.items()))}


DEVIATIONS = Report(
    "deviations",
    1,
    "Steps of the SOP that were left out, as the events themselves name them; most are of imported history.",
    "the event that names the deviation",
    (
        Figure("deviations", Unit.TIMES, "deviations named by events"),
        Figure("imported", Unit.TIMES, "those of imported history"),
        Figure("by_name", Unit.COUNTS, "deviations by name"),
    ),
    _deviations,
    ("deviations", "imported"),
    frozen=True,
)

REPORTS = (HAND_BACK, NOTIFICATIONS, CLOSURES, MAJOR, DEVIATIONS)
