"""Counts deviations over many histories, and how well the histories fit the model.

Fitness comes in two figures (W. van der Aalst: Process Mining, 2016, chapter 8; Burattin et al. 2016). `rate` is the share of
activations that the histories fulfil. `fitting_rate` is the share of histories without a deviation. Both leave out what an
imported history does not record: nobody can say whether it was done.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from application.reports.conformance.check import Deviation, Verdict
from application.reports.conformance.rules import Kind, Model

BY = ("clause", "rule", "kind", "month")
"""What deviations can be counted by."""


@dataclass
class Tally:
    """What was found so far."""

    model: Model
    zone: ZoneInfo
    by: tuple[str, ...] = ("clause",)
    checked: int = 0
    fitting: int = 0
    """Histories without a deviation that somebody can be sure of."""
    activated: int = 0
    unrecorded: int = 0
    """Activations that nobody can judge."""
    violated: int = 0
    rows: Counter[tuple[str, ...]] = field(default_factory=Counter)
    clauses: Counter[tuple[str, Kind]] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count the verdict on one more history."""
        self.checked += 1
        self.activated += sum(verdict.activated.values())
        unrecorded = sum(deviation.kind is Kind.NOT_RECORDED for deviation in verdict.deviations)
        self.unrecorded += unrecorded
        self.violated += sum(verdict.violated.values()) - unrecorded
        self.fitting += unrecorded == len(verdict.deviations)

    def count(self, deviation: Deviation) -> None:
        """Count a deviation that is listed."""
        self.clauses[deviation.clause, deviation.kind] += 1
        self.rows[tuple(self._value(deviation, name) for name in self.by)] += 1

    def _value(self, deviation: Deviation, name: str) -> str:
        return month_of(deviation.at, self.zone) if name == "month" else str(getattr(deviation, name))

    def document(self) -> dict[str, Any]:
        """The figures."""
        judged = self.activated - self.unrecorded
        return {
            "checked": self.checked,
            "model": self.model.name,
            "by_clause": self._by_clause(),
            "by": list(self.by),
            "rows": [
                {**dict(zip(self.by, key, strict=True)), "deviations": count}
                for key, count in sorted(self.rows.items(), key=lambda row: tuple(map(_natural, row[0])))
            ],
            "fitness": {
                "activations": judged,
                "fulfilled": judged - self.violated,
                "rate": _share(judged - self.violated, judged),
                "fitting": self.fitting,
                "fitting_rate": _share(self.fitting, self.checked),
                "not_recorded": self.unrecorded,
            },
        }

    def _by_clause(self) -> dict[str, dict[str, int]]:
        clauses = sorted({clause for clause, _ in self.clauses}, key=_natural)
        return {clause: {str(kind): self.clauses[clause, kind] for kind in Kind} for clause in clauses}


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """The month of a time in a zone, as 2026-11."""
    return f"{at.astimezone(zone):%Y-%m}"


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _natural(text: str) -> list[Any]:
    """Clauses in the order of the SOP: R-5.8.1a comes after R-5.8e."""
    return [text.rstrip("abcdefghij"), text]
