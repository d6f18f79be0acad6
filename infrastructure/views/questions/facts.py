"""The facts of all cases at a point, as a relation: now from one table, and of the past with what has ended since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from application.views.questions import Point
from infrastructure.views.questions.view_reader import END, filled, position_of, texts

_SQL = texts("facts")
_ALL = "views.case_facts"
_SHORT = timedelta(days=7)
"""Intervals that are no longer are found by their end (migrations/0035)."""
_FIXED = (
    *("case_id", "received_at", "channel", "logged_at", "settled_at", "settled_position", "turns", "turn_positions"),
)
"""What never changes, or tells by itself from when it holds."""
_THEN = (
    *("position", "version", "priority", "always", "status", "team", "service", "agency"),
    *("dispute_until", "suspected_at", "reopenings", "hand_backs", "failed_fixes"),
    *("respond_by", "resolve_by", "pending_since"),
)
"""What an ended interval has."""
_RESOLVED = (
    *("resolved_at", "first_contact", "code", "net_seconds", "business_seconds", "verifier", "cause_corrected"),
    *("problem", "first_resolved_at", "first_net_seconds", "first_business_seconds"),
)
"""What the latest stay in `resolved` has."""
_KNOWN = {
    **{f"acknowledged_{part}": filled(_SQL["acknowledged"], part=part) for part in ("at", "business")},
    **{f"responded_{part}": filled(_SQL["responded"], part=part) for part in ("at", "business")},
    "reopened": "coalesce(r.reopened AND r.ended_position <= i.position, false)",
    "after_closure": "coalesce(r.reopened_after_closure_position <= i.position, false)",
    "disputed": "coalesce(r.disputed_position <= i.position, false)",
    "episodes": "coalesce(r.episode, 0)",
    "source_seconds": "CASE WHEN r.source_position <= i.position THEN r.source_seconds END",
}
"""What counts from a position on."""
_PAST = {
    **{name: f"f.{name}" for name in _FIXED},
    **{name: f"i.{name}" for name in _THEN},
    **{name: f"r.{name}" for name in _RESOLVED},
    **_KNOWN,
}

_CASE = (
    *("case_id", "position", "received_at", "priority", "always", "team", "service", "channel", "agency", "episodes"),
    *("dispute_until", "suspected_at", "reopenings", "hand_backs", "failed_fixes"),
)
_STAY = (*_RESOLVED, "reopened", "after_closure", "disputed", "source_seconds")
LAST = {
    "of_case": ", ".join(f"f.{name}" for name in _CASE),
    "of_last": ", ".join(f"f.{name}" for name in _STAY),
    "of_stay": ", ".join(f"{_PAST[name].replace('i.position', 'f.position')} AS {name}" for name in _STAY),
}
"""The columns of a case with its latest stay in `resolved`, or with an earlier one."""


@dataclass(frozen=True)
class Relation:
    """The facts of some cases, as a relation, and its values."""

    sql: str
    values: Mapping[str, Any]


def facts_at(point: Point) -> Relation:
    """The facts of all cases as they were at a point."""
    return _at(point, Relation(_ALL, {}))


def facts_since(kept: int, waiting: Sequence[UUID], point: Point) -> Relation:
    """The facts of the cases that have changed after a position, as they are at a later point, and of those that wait."""
    return _at(point, Relation(_SQL["changed"], {"kept": kept, "waiting": list(waiting)}))


def facts_before(kept: int, waiting: Sequence[UUID]) -> Relation:
    """The facts of the same cases as they were at the position."""
    return _at(Point(kept), Relation(_SQL["waited"], {"waiting": list(waiting)}))


def _at(point: Point, present: Relation) -> Relation:
    """The facts of cases at a point, from those that they have now."""
    if point == Point():
        return present
    names = ", ".join(f"f.{name}" for name in _PAST)
    past = ", ".join(f"{source} AS {name}" for name, source in _PAST.items())
    values = {
        **present.values,
        "position": position_of(point),
        "effective_at": point.effective_at or END,
        "soon": _after(point.effective_at or END),
    }
    return Relation(filled(_SQL["then"], present=present.sql, names=names, past=past, ended=_SQL["ended"]), values)


def _after(moment: datetime) -> datetime:
    """When the last short interval around a moment has ended."""
    return END if moment > END - _SHORT else moment + _SHORT
