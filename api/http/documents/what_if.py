"""The answer to a what-if."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.http.documents.base import At, Document, Position
from api.http.fields import CaseNumber, such_as

_COUNTS = {"met": 910, "missed": 74, "open": 16, "share_met": 0.9248}
_NUMBERS = ["INC-0000009"]
Share = Annotated[float, such_as(0.9248)]
Examples = Annotated[list[CaseNumber], such_as(_NUMBERS)]
"""Some of the cases."""


class Moves(Document):
    """Cases whose priority would have been another."""

    was: Annotated[int, such_as(3)] = Field(alias="from")
    """Their priority."""
    would: Annotated[int, such_as(2)] = Field(alias="to")
    """What it would have been."""
    cases: Annotated[int, such_as(40)]
    """How many."""
    examples: Examples
    """Some of them."""


class Priorities(Document):
    """Priorities under the other matrix."""

    moved: Annotated[int, such_as(40)]
    """Cases whose priority would have been another."""
    kept_by_override: Annotated[int, such_as(7)]
    """Cases whose priority a person set. It stays."""
    moves: list[Moves]
    """How they would have moved."""


class Counts(Document):
    """How a target was kept."""

    met: Annotated[int, such_as(910)]
    """In time."""
    missed: Annotated[int, such_as(74)]
    """Too late, or not yet and overdue."""
    open: Annotated[int, such_as(16)]
    """Not yet, and still in time."""
    share_met: Share | None
    """The share of those that are decided."""


class CountsOfPriority(Document):
    """How a target was kept, of one priority."""

    priority: Annotated[int, such_as(3)]
    """The priority: in `was` as it was, in `would` as it would have been."""
    was: Counts
    """What was."""
    would: Counts
    """What would have been."""


class TargetChange(Document):
    """Cases whose target would have been kept otherwise."""

    was: Annotated[str, such_as("met")]
    """What was."""
    would: Annotated[str, such_as("missed")]
    """What would have been."""
    cases: Annotated[int, such_as(12)]
    """How many."""
    examples: Examples
    """Some of them."""


class TargetComparison(Document):
    """One target."""

    was: Counts
    """What was."""
    would: Counts
    """What would have been."""
    by_priority: list[CountsOfPriority]
    """The same for each priority."""
    changes: list[TargetChange]
    """The cases that differ."""


class TargetComparisons(Document):
    """Both targets."""

    respond: TargetComparison
    """To answer."""
    resolve: TargetComparison
    """To resolve."""


class Change(Document):
    """Cases that would have gone another way."""

    change: Annotated[str, such_as("earlier")]
    """Which way."""
    cases: Annotated[int, such_as(12)]
    """How many."""
    examples: Examples
    """Some of them."""


class Duplicates(Document):
    """Duplicates that a person decides on, by the similarity shown at logging."""

    searched: Annotated[int, such_as(700)]
    """Cases with a recorded search."""
    was_flagged: Annotated[int, such_as(12)]
    """Those at or above the threshold of their time."""
    would_flag: Annotated[int, such_as(30)]
    """Those at or above the other threshold."""
    changes: list[Change]
    """`flagged` or `no_longer_flagged`."""


class Closures(Document):
    """Closures by the timer, at the end of the dispute window."""

    by_timer: Annotated[int, such_as(800)]
    """Closures by the timer, and windows that would have ended by now."""
    median_shift_hours: Annotated[float, such_as(24.0)] | None
    """How much later those that differ would have come; negative: earlier."""
    changes: list[Change]
    """`earlier`, `later`, `closed_by_now` or `not_closed_by_now`."""
    disputes_too_late: list[Change]
    """Disputes that would have been received after the window."""


class Unknown(Document):
    """Something that the record does not tell."""

    cases: Annotated[int, such_as(31)] | None
    """The cases that it concerns; null where nobody can count them."""
    why: Annotated[str, such_as("Cases that nobody has assessed.")]
    """What it is."""


class WhatIfAnswer(Document):
    """What was, and what would have been. `docs/what-if.md` explains each figure."""

    since: At | None = Field(alias="from")
    """The beginning of the period."""
    until: At | None = Field(alias="to")
    """The end of the period."""
    policy: Annotated[str, such_as("policy/3")]
    """The policy in force, from which the other one differs."""
    changes: Annotated[dict[str, Any], such_as({"dispute_window": {"from": "PT72H", "to": "PT96H"}})]
    """The fields that differ, each with both values."""
    position: Position
    """The position in the ledger that it is as of."""
    as_of: At
    """The moment it is as of: what is not done by then is open, or overdue."""
    cases: Annotated[int, such_as(1000)]
    """The cases that were compared."""
    priorities: Priorities
    """Priorities that would have moved."""
    targets: TargetComparisons
    """Targets that would have been met or missed."""
    duplicates: Duplicates
    """Duplicates that would have been flagged."""
    closures: Closures
    """Closures that would have come earlier or later."""
    cannot_know: list[Unknown]
    """What the record does not tell."""
