"""The answer to a what-if: counts and examples of what would have been, and what nobody can know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import msgspec

from application.reports.what_if.comparison import Kept, Outcome, Under
from application.reports.what_if.history import CaseHistory
from domain.policy import Policy

_EXAMPLES = 5
"""Cases that are named for each kind of change."""


@dataclass
class Changes:
    """Counts by kind of change, with the first cases of each."""

    counts: Counter[Any] = field(default_factory=Counter)
    examples: defaultdict[Any, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: Hashable, number: str) -> None:
        """Count a case."""
        self.counts[kind] += 1
        if len(self.examples[kind]) < _EXAMPLES:
            self.examples[kind].append(number)

    def rows(self) -> list[tuple[Any, int, list[str]]]:
        """Kind, count and examples, in the order of the kinds."""
        return [(kind, self.counts[kind], self.examples[kind]) for kind in sorted(self.counts)]


class WhatIf:
    """Adds up cases under another policy."""

    def __init__(self, under: Under) -> None:
        self._under = under
        self._cases = self._overridden = self._closings = self._searched = self._flagged = self._would_flag = 0
        self._priorities, self._kept, self._changed = Changes(), Counter[tuple[str, int, str, Kept]](), Changes()
        self._duplicates, self._closures, self._disputes = Changes(), Changes(), Changes()
        self._shifts: Counter[timedelta] = Counter()
        self._unknown = Counter[str]()

    def add(self, case: CaseHistory) -> None:
        """Compare one case."""
        self._cases += 1
        outcome = self._under.outcome(case)
        self._overridden += case.overridden
        if outcome.priority is not None and outcome.priority != outcome.would_priority:
            self._priorities.add((outcome.priority, outcome.would_priority), case.number)
        self._add_targets(outcome)
        self._add_duplicates(case)
        self._add_closings(case)
        self._unknown["imported"] += case.imported and case.without_targets
        self._unknown["unassessed"] += not case.imported and case.priority is None
        self._unknown["assessed_in_part"] += case.assessed_in_part
        self._unknown["calendar_assumed"] += outcome.calendar_assumed

    def _add_targets(self, outcome: Outcome) -> None:
        for name, target in (("respond", outcome.respond), ("resolve", outcome.resolve)):
            if target is None:
                continue
            self._kept[name, outcome.priority or 0, "was", target.was] += 1
            self._kept[name, outcome.would_priority or 0, "would", target.would] += 1
            if target.was is not target.would:
                self._changed.add((name, target.was, target.would), outcome.number)

    def _add_duplicates(self, case: CaseHistory) -> None:
        flagged = self._under.flagged(case)
        if flagged is None:
            self._unknown["not_searched"] += 1
            return
        was, would = flagged
        self._searched, self._flagged, self._would_flag = (
            self._searched + 1,
            self._flagged + was,
            self._would_flag + would,
        )
        if was is not would:
            self._duplicates.add("flagged" if would else "no_longer_flagged", case.number)

    def _add_closings(self, case: CaseHistory) -> None:
        for closing in self._under.closings(case):
            self._closings += 1
            if closing.was is None:
                self._closures.add("closed_by_now", case.number)
            elif closing.would is None:
                self._closures.add("not_closed_by_now", case.number)
            elif closing.would != closing.was:
                self._closures.add("earlier" if closing.would < closing.was else "later", case.number)
                self._shifts[closing.would - closing.was] += 1
        for _ in self._under.too_late(case):
            self._disputes.add("too_late", case.number)

    def document(self, policy: Policy, present: Policy, position: int, now: datetime) -> dict[str, Any]:
        """The whole answer."""
        return {
            "policy": present.version,
            "changes": changes_of(policy, present),
            "position": position,
            "as_of": now,
            "cases": self._cases,
            "priorities": {
                "moved": self._priorities.counts.total(),
                "kept_by_override": self._overridden,
                "moves": [
                    {"from": was, "to": would, "cases": cases, "examples": examples}
                    for (was, would), cases, examples in self._priorities.rows()
                ],
            },
            "targets": {name: self._target_document(name) for name in ("respond", "resolve")},
            "duplicates": {
                "searched": self._searched,
                "was_flagged": self._flagged,
                "would_flag": self._would_flag,
                "changes": _named("change", self._duplicates),
            },
            "closures": {
                "by_timer": self._closings,
                "median_shift_hours": self._median_shift(),
                "changes": _named("change", self._closures),
                "disputes_too_late": _named("change", self._disputes),
            },
            "cannot_know": [
                {"cases": self._unknown.get(name), "why": why}
                for name, why in _CANNOT_KNOW.items()
                if name not in _COUNTED or self._unknown[name]
            ],
        }

    def _target_document(self, name: str) -> dict[str, Any]:
        def counts(tense: str, of: int | None) -> dict[str, Any]:
            found = Counter[Kept]()
            for (target, priority, when, kept), cases in self._kept.items():
                if (target, when) == (name, tense) and of in (None, priority):
                    found[kept] += cases
            decided = found[Kept.MET] + found[Kept.MISSED]
            share = round(found[Kept.MET] / decided, 4) if decided else None
            return {**{str(kept): found[kept] for kept in Kept}, "share_met": share}

        priorities = sorted({priority for target, priority, _, _ in self._kept if target == name})
        return {
            "was": counts("was", None),
            "would": counts("would", None),
            "by_priority": [
                {"priority": each, "was": counts("was", each), "would": counts("would", each)} for each in priorities
            ],
            "changes": [
                {"was": str(was), "would": str(would), "cases": cases, "examples": examples}
                for (target, was, would), cases, examples in self._changed.rows()
                if target == name
            ],
        }

    def _median_shift(self) -> float | None:
        if not self._shifts:
            return None
        return round(median(shift / timedelta(hours=1) for shift in self._shifts.elements()), 4)


_COUNTED = frozenset({"imported", "unassessed", "assessed_in_part", "calendar_assumed", "not_searched"})
_CANNOT_KNOW = {
    "people": "People would have worked otherwise under other targets. Their decisions stay as they took them.",
    "disputes": "Whether a customer would have disputed in a window that was not open.",
    "imported": "Imported cases without targets: the other desk's are not on the record.",
    "unassessed": "Cases that nobody has assessed.",
    "assessed_in_part": "Imported cases with a part of an assessment keep their priority.",
    "calendar_assumed": "Their target ran around the clock, so the calendar of their service is not on the record: "
    "the policy's hours are assumed.",
    "not_searched": "Cases logged without a recorded search for duplicates.",
    "searches": "A search at assignment is not recorded, nor is a similarity below 0.25.",
}


def _named(name: str, changes: Changes) -> list[dict[str, Any]]:
    return [{name: str(kind), "cases": cases, "examples": examples} for kind, cases, examples in changes.rows()]


def changes_of(policy: Policy, present: Policy) -> dict[str, Any]:
    """The fields in which a policy differs from the present one: from, to; of a part of it only its own that differ."""
    now, then = msgspec.to_builtins(present), msgspec.to_builtins(policy)
    changed = {name: (now[name], then[name]) for name in now if name != "version" and now[name] != then[name]}
    return {name: {"from": _differing(a, b), "to": _differing(b, a)} for name, (a, b) in changed.items()}


def _differing(mine: Any, other: Any) -> Any:
    return {name: value for name, value in mine.items() if value != other[name]} if isinstance(mine, dict) else mine


COLUMNS = ("what", "was", "would", "cases", "examples")
"""The columns of the answer as a table."""


def rows_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The answer as one flat list of figures, for tables and CSV: what, was, would, cases, examples."""
    rows: list[dict[str, Any]] = []

    def add(what: str, was: Any, would: Any, cases: int | None = None, examples: Sequence[str] = ()) -> None:
        rows.append({"what": what, "was": was, "would": would, "cases": cases, "examples": " ".join(examples)})

    for move in document["priorities"]["moves"]:
        add("priority", move["from"], move["to"], move["cases"], move["examples"])
    for name, target in document["targets"].items():
        for kept in ("met", "missed", "open", "share_met"):
            add(f"{name}: {kept}", target["was"][kept], target["would"][kept])
        for change in target["changes"]:
            add(f"{name} target", change["was"], change["would"], change["cases"], change["examples"])
    duplicates, closures = document["duplicates"], document["closures"]
    add("duplicates flagged", duplicates["was_flagged"], duplicates["would_flag"])
    for change in (*duplicates["changes"], *closures["changes"]):
        add(change["change"].replace("_", " "), None, None, change["cases"], change["examples"])
    for change in closures["disputes_too_late"]:
        add("disputes too late", None, None, change["cases"], change["examples"])
    return rows
