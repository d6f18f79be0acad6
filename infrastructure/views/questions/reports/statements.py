"""The statements of the reports: the figures of a report over some cases, by breakdowns, in a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

from application.reports.changes import Fractions
from application.reports.periods import months_of
from application.reports.report import Breakdown
from application.views.questions import Point, ReportQuestion
from domain.case.clauses.resolution import NO_INCIDENT
from infrastructure.views.questions.facts import LAST, Relation, facts_at
from infrastructure.views.questions.view_reader import END, LATEST, filled, texts

_SQL = texts("reports")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_KEYS = {
    Breakdown.TEAM: "f.team",
    Breakdown.SERVICE: "f.service",
    Breakdown.PRIORITY: "f.priority::text",
    Breakdown.CHANNEL: "f.channel",
    Breakdown.AGENCY: "f.agency",
    Breakdown.MONTH: "width_bucket({counted}, %(firsts)s::timestamptz[])",
}
"""The breakdowns of a report. A month comes by its place among the usual ones: to spell it costs as much as all the rest."""
_SPELT = "to_char({counted} AT TIME ZONE %(zone)s::text, 'YYYY-MM')"
_SERIES = "(%(labels)s::text[])[f.instant]"
_RECEIVED, _RESOLVED, _HAPPENED = "f.received_at", "f.resolved_at", "f.at"
HAPPENINGS = frozenset({"hand_back", "notifications", "closures", "major_incidents", "deviations"})
"""The reports on what befell cases."""
_COUNTED = {
    **dict.fromkeys(("volume", "attainment", "reopenings"), _RECEIVED),
    "acknowledge": "f.acknowledged_at",
    "respond": "f.responded_at",
    **dict.fromkeys(("resolution", "resolve", "outcomes", "first_contact", "reopen_rate"), _RESOLVED),
    **dict.fromkeys(("referral", "unreachable", "problem_links"), _RESOLVED),
    **dict.fromkeys(HAPPENINGS, _HAPPENED),
}
"""The moment that decides in which month a case counts."""
_BY_CALENDAR = "CASE WHEN f.always THEN {elapsed} ELSE {business} END"
_SINCE_RECEIPT = {
    name: {
        "elapsed": (elapsed := f"greatest(date_part('epoch', f.{name}_at - f.received_at), 0)"),
        "business": filled(_BY_CALENDAR, elapsed=elapsed, business=f"f.{name}_business"),
    }
    for name in ("acknowledged", "responded")
}
_DURATIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "acknowledge": ("acknowledged", _SINCE_RECEIPT["acknowledged"]),
    "respond": ("responded", _SINCE_RECEIPT["responded"]),
    "resolve": (
        "resolved",
        {
            "business": filled(_BY_CALENDAR, elapsed="f.net_seconds", business="f.business_seconds"),
            "net": "f.net_seconds",
            "wall": "date_part('epoch', f.resolved_at - f.received_at)",
            "first_business": filled(_BY_CALENDAR, elapsed="f.first_net_seconds", business="f.first_business_seconds"),
            "first_net": "f.first_net_seconds",
        },
    ),
}
"""Of reports on durations: which cases count, and the durations in seconds."""
PERCENTILES: Mapping[str, Fractions] = {
    **{name: dict.fromkeys(durations, (0.5, 0.9)) for name, (_, durations) in _DURATIONS.items()},
    "resolution": dict.fromkeys(("net_seconds", "wall_seconds", "first_seconds", "source_seconds"), 0.5),
    "closures": {"lateness": (0.5, 0.99)},
    "backlog": {"oldest": 0.0},
}
"""The percentiles of a report: what they are taken of, and their fractions. The least value is the one of 0."""


class Form(Enum):
    """What a statement gives of the values of which a report tells percentiles."""

    PERCENTILES = auto()
    VALUES = auto()
    SORTED = auto()
    """Percentiles, and all values in order."""


@dataclass(frozen=True)
class Scope:
    """Which cases a statement is about, and how it tells of them."""

    moment: datetime
    """Decides whether a window or a target has ended."""
    facts: Relation | None = None
    """The facts of those cases; of all at the question's point unless given."""
    after: int = 0
    """What befell a case counts after this position."""
    form: Form = Form.PERCENTILES
    spelt: bool = False
    """Whether months come by name, in any year."""
    series: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The ends of months and their labels, of a series."""


def statement(question: ReportQuestion, by: Sequence[Breakdown], scope: Scope) -> tuple[str, dict[str, Any]]:
    """The statement of a report and its values."""
    facts = scope.facts or facts_at(question.point)
    values = {"position": LATEST, "effective_at": END, **facts.values, "zone": question.zone, "moment": scope.moment}
    values |= {
        "since": question.since or _BEGINNING,
        "until": question.until or END,
        "after": scope.after,
        **scope.series,
    }
    values["apart"] = [code.value for code in NO_INCIDENT]
    values["firsts"] = months_of(ZoneInfo(question.zone))[1] if Breakdown.MONTH in by else []
    month = _SERIES if scope.series else _SPELT if scope.spelt else _KEYS[Breakdown.MONTH]
    present = scope.facts is None and question.point == Point()
    parts = {**_parts(question, by, month, scope.form, present=present), "facts": facts.sql}
    counted = _COUNTED.get(question.name, "")
    return filled(parts.pop("statement"), **parts, counted=counted), values


def _parts(
    question: ReportQuestion, by: Sequence[Breakdown], month: str, form: Form, *, present: bool
) -> dict[str, str]:
    """The parts of a statement, in the order in which they hold each other."""
    keys = [month if each is Breakdown.MONTH else _KEYS[each] for each in by]
    first, second = (*keys, "NULL", "NULL")[:2]
    bounded = question.since is not None or question.until is not None
    parts = {
        "statement": _SQL[question.name if question.name not in _DURATIONS else "durations"],
        "open": _SQL["open_at_instants" if month == _SERIES else "open_now"],
        "stays": _SQL["stays_now" if present else "stays_then"],
        **_grouping(question.name, bool(by)),
    }
    if question.name in _DURATIONS:
        rows, durations = _DURATIONS[question.name]
        parts["durations"] = ", ".join(f"{seconds} AS {name}" for name, seconds in durations.items())
        parts["rows"] = _SQL[rows]
    parts["percentiles"] = ", ".join(
        _told(name, each, form) for name, each in PERCENTILES.get(question.name, {}).items()
    )
    parts |= {name: _SQL[name] for name in ("reopened", "ended", "incident", "disputed", "happened", "last")}
    parts |= {"earlier": _SQL["earlier"] if bounded else "", **LAST}
    parts |= {name: _SQL[name] for name in ("incident", "runs_until", "settled")}
    return {**parts, "keys": f'({first})::text COLLATE "C" AS k1, ({second})::text COLLATE "C" AS k2'}


def _told(name: str, fractions: float | tuple[float, ...], form: Form) -> str:
    told = f"{fractions}" if isinstance(fractions, float) else f"ARRAY[{', '.join(map(str, fractions))}]"
    one = "percentiles" if fractions else "least"
    forms = {Form.PERCENTILES: (one,), Form.VALUES: ("values",), Form.SORTED: (one, "sorted")}[form]
    return ", ".join(filled(_SQL[each], fractions=told, name=name) for each in forms)


def _grouping(name: str, broken_down: bool) -> dict[str, str]:
    """What medians are taken of: they do not add up, and come for all cases as well."""
    sets = ["()"]
    if name == "resolution":
        sets.append("(t.priority)")
    if not broken_down:
        return {"group": "NULL AS k1, NULL AS k2, true AS every_key", "sets": ", ".join(sets)}
    sets.append("(t.k1, t.k2)")
    if name == "resolution":
        sets.append("(t.k1, t.k2, t.priority)")
    return {"group": "t.k1, t.k2, grouping(t.k1) = 1 AS every_key", "sets": ", ".join(sets)}
