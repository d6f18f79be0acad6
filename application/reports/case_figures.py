"""Reports on cases: how many come, how soon they are acknowledged and answered, what targets they meet, which are open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from application.reports.report import Figure, Goals, Report, Row, Unit, hours, share, summed

RECEIVED = "`received_at` of the case"
BUSINESS = "in business time"
AGES = ("under_1_day", "1_to_3_days", "3_to_7_days", "7_to_30_days", "over_30_days")
"""The ages of open cases: elapsed since `received_at`, the lower bound included."""


def _volume(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001 - the shape of all reports
    by_status: Counter[str] = Counter()
    by_priority: Counter[str] = Counter()
    for row in rows:
        by_status[row["status"]] += row["cases"]
        by_priority[str(row["priority"] or "none")] += row["cases"]
    return {
        **summed(rows, ("cases", "events")),
        "by_status": dict(sorted(by_status.items())),
        "by_priority": dict(sorted(by_priority.items())),
    }


VOLUME = Report(
    "volume",
    1,
    "Cases received in the period.",
    RECEIVED,
    (
        Figure("cases", Unit.CASES, "received in the period"),
        Figure("events", Unit.EVENTS, "the events of these cases"),
        Figure("by_status", Unit.COUNTS, "cases by status at the report's moment"),
        Figure("by_priority", Unit.COUNTS, "cases by priority at the report's moment; `none` while unprioritised"),
    ),
    _volume,
)


def _durations(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    (row,) = rows
    found: dict[str, Any] = {"cases": row["cases"]}
    for name, suffix in (("business", "_business"), ("elapsed", "")):
        median, ninth = row[name] or (None, None)
        found |= {f"median_hours{suffix}": hours(median), f"p90_hours{suffix}": hours(ninth)}
    return found


def _since_receipt(until: str) -> tuple[Figure, ...]:
    return (
        Figure("cases", Unit.CASES, f"with a {until} in the period"),
        Figure("median_hours_business", Unit.HOURS, f"median of {until} minus `received_at`, {BUSINESS}"),
        Figure("p90_hours_business", Unit.HOURS, f"the time within which 90 % of these cases had their {until}, {BUSINESS}"),
        Figure("median_hours", Unit.HOURS, f"median of {until} minus `received_at`, elapsed"),
        Figure("p90_hours", Unit.HOURS, f"the time within which 90 % of these cases had their {until}, elapsed"),
    )  # fmt: skip


ACKNOWLEDGE = Report(
    "acknowledge",
    1,
    "Time to acknowledge: from the receipt of a case to the first action on it by a person of the desk or a team after it was "
    "logged, such as triage, assignment, diagnosis or a note.",
    "the first action",
    _since_receipt("first action"),
    _durations,
    ("median_hours_business", "p90_hours_business"),
)
RESPOND = Report(
    "respond",
    1,
    "Time to respond: from the receipt of a case to the first substantive contact with the customer (`responded_at`): a note or a file "
    "that staff show them, a question mailed to them, a person reached for a verification, an accepted mail about the resolution, the "
    "customer informed by other means, or their recorded confirmation. The acknowledgement by mail is none.",
    "the first contact",
    _since_receipt("first contact"),
    _durations,
    ("median_hours_business", "p90_hours_business"),
)

_TARGETS = ("respond", "resolve")
_DECIDED = {
    target: tuple(f"{target}_{each}" for each in ("met", "missed", "undecided", "attainment", "goal"))
    for target in _TARGETS
}
_COUNTS = ("cases", *(name for names in _DECIDED.values() for name in names[:3]))


def _attained(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:
    counts = rows[0] if len(rows) == 1 else summed(rows, _COUNTS)  # most often there is one: a priority of a group
    found = {"cases": counts["cases"]}
    for target, (met, missed, undecided, attainment, goal) in _DECIDED.items():
        hit, late = counts[met] or 0, counts[missed] or 0
        found[met], found[missed], found[undecided] = hit, late, counts[undecided] or 0
        found[attainment], found[goal] = share(hit, hit + late), getattr(goals, target)
    return found


def _attainment(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:
    priorities = sorted({row["priority"] for row in rows})
    of = {str(each): _attained([row for row in rows if row["priority"] == each], goals) for each in priorities}
    return {**_attained(rows, goals), "by_priority": of}


def _of_target(target: str, met: str, late: str) -> tuple[Figure, ...]:
    return (
        Figure(f"{target}_met", Unit.CASES, met),
        Figure(f"{target}_missed", Unit.CASES, late),
        Figure(f"{target}_undecided", Unit.CASES, f"neither yet, as `{target}_by` is still to come"),
        Figure(f"{target}_attainment", Unit.SHARE, f"`{target}_met` / (`{target}_met` + `{target}_missed`)"),
        Figure(f"{target}_goal", Unit.SHARE, f"the policy's `goal_{target}`"),
    )


ATTAINMENT = Report(
    "attainment",
    1,
    "Attainment of targets: incidents received in the period that have targets, by whether they met them. Cases without a priority "
    "and imported history have no targets.",
    RECEIVED,
    (
        Figure("cases", Unit.CASES, "incidents with targets, received in the period"),
        *_of_target(
            "respond",
            "first contact not after `respond_by`",
            "first contact after `respond_by`, or none by then",
        ),
        *_of_target(
            "resolve",
            "settled, and resolved not after `resolve_by`",
            "resolved after `resolve_by`, or open then; a case that waits missed its target where the wait began after it",
        ),
        Figure("by_priority", Unit.FIGURES, "the same for each priority at the report's moment"),
    ),
    _attainment,
    ("respond_attainment", "respond_goal", "resolve_attainment", "resolve_goal"),
)


def _backlog(rows: Sequence[Row], goals: Goals) -> dict[str, Any]:  # noqa: ARG001
    ages = summed(rows, AGES)
    oldest = min((row["oldest"] for row in rows), default=None)
    received_at = None if oldest is None else datetime.fromtimestamp(oldest, UTC)
    return {**summed(rows, ("cases", "waiting")), "by_age": ages, "oldest_received_at": received_at}


BACKLOG = Report(
    "backlog",
    1,
    "Open cases at an instant, by age: at the end of the period, or at `effective_at`, or now. By month it is a series: the cases "
    "open at the end of each month of the period, or of the last twelve months.",
    "open cases count at the instant, whenever they were received",
    (
        Figure("cases", Unit.CASES, "open at the instant"),
        Figure("waiting", Unit.CASES, "of these, those that wait (`pend`) at the instant; 0 in a series"),
        Figure("by_age", Unit.COUNTS, f"of these, by time elapsed since `received_at`: {', '.join(f'`{age}`' for age in AGES)}"),
        Figure("oldest_received_at", Unit.TIME, "`received_at` of the oldest"),
    ),
    _backlog,
)  # fmt: skip

REPORTS = (VOLUME, ACKNOWLEDGE, RESPOND, ATTAINMENT, BACKLOG)
