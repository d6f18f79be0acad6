"""What a report is: its figures, each defined once. Answers, lists of reports, documents and OpenAPI are made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Row = Mapping[str, Any]


class Breakdown(StrEnum):
    """What the figures of a report are broken down by."""

    TEAM = "team"
    SERVICE = "service"
    PRIORITY = "priority"
    CHANNEL = "channel"
    AGENCY = "agency"
    MONTH = "month"


MOST_BREAKDOWNS = 2


class Unit(StrEnum):
    """What a figure is counted in."""

    CASES = "cases"
    EVENTS = "events"
    TIMES = "times"
    MAILS = "mails"
    PERSONS = "persons"
    COUNT = "count"
    SHARE = "share"
    """From 0 to 1; null where nothing is to be shared."""
    HOURS = "hours"
    SECONDS = "seconds"
    DAYS = "days"
    TIME = "time"
    COUNTS = "counts"
    """An object: a count for each name."""
    FIGURES = "figures"
    """An object: the report's other figures for each priority."""


@dataclass(frozen=True)
class Figure:
    """One figure of a report."""

    name: str
    unit: Unit
    meaning: str


@dataclass(frozen=True)
class Goals:
    """The shares that the policy wants to be attained."""

    respond: float = 0.95
    resolve: float = 0.90


@dataclass(frozen=True)
class Definition:
    """What a report counts. A change of meaning is a new version."""

    name: str
    number: int
    """The version of its definitions."""
    about: str
    """What it counts, and why cases count."""
    period: str
    """The moment that decides whether a case counts in a period, and in which month."""
    figures: tuple[Figure, ...]

    @property
    def version(self) -> str:
        """The version of its definitions, as answers state it."""
        return f"{self.name}/{self.number}"

    @property
    def breakdowns(self) -> tuple[str, ...]:
        """What it can be broken down by."""
        return ()

    @property
    def case_as_of(self) -> str:
        """Which state of a case the breakdowns go by."""
        return "now"

    @property
    def document(self) -> dict[str, Any]:
        """The definition, as `GET /reports` lists it."""
        return {
            "report": self.name,
            "definitions_version": self.version,
            "definition": self.about,
            "period": self.period,
            "by": self.breakdowns,
            "case_as_of": self.case_as_of,
            "figures": [
                {"name": each.name, "unit": each.unit.value, "definition": each.meaning} for each in self.figures
            ],
        }


@dataclass(frozen=True)
class Report(Definition):
    """A report that is computed from the views, at any point."""

    total: Callable[[Sequence[Row], Goals], dict[str, Any]]
    """The figures of rows that the database has aggregated."""
    drawn: tuple[str, ...] = ()
    """The figures of a chart; the first one unless given. All have one unit."""
    frozen: bool = False
    """Whether breakdowns go by the case as it stood when it happened."""

    @property
    def charted(self) -> tuple[str, ...]:
        """The figures of a chart."""
        return self.drawn or (self.figures[0].name,)

    @property
    def breakdowns(self) -> tuple[str, ...]:
        """Every one."""
        return tuple(each.value for each in Breakdown)

    @property
    def case_as_of(self) -> str:
        """Which state of a case the breakdowns go by."""
        return "when it happened" if self.frozen else "the report's moment"


def summed(rows: Iterable[Row], names: Iterable[str]) -> dict[str, Any]:
    """The sums of figures that add up."""
    listed = list(rows)
    if len(listed) == 1:  # most often
        return {name: listed[0][name] or 0 for name in names}
    return {name: sum([row[name] or 0 for row in listed]) for name in names}


def share(part: int, whole: int) -> float | None:
    """A share, rounded; None of nothing."""
    return round(part / whole, 4) if whole else None


def hours(seconds: float | None) -> float | None:
    """Seconds as hours, rounded."""
    return None if seconds is None else round(seconds / 3600, 4)
