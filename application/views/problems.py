"""The views of problems and of their published known errors, in their current state.

They use the aggregate's fold, as for cases. The words of a known error are in the vault, not in its event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from application.views.texts import storable
from domain.aggregate import Recorded
from domain.problem import KnownErrorPublished, Problem, ProblemOpened, ProblemStatus
from domain.values import Disclosure

COLUMNS = (
    "id",
    "version",
    "opened_at",
    "resolved_at",
    "closed_at",
    "priority",
    "number",
    "status",
    "service",
    "known_error",
    "incidents",
)
"""The columns of a problem."""

_WORDS = ("title", "symptoms", "workaround")


@dataclass(frozen=True)
class Article:
    """Location of a known error's words."""

    problem_id: UUID
    version: int
    known_error: str
    words: Disclosure


@dataclass
class ProblemFold:
    """The fold of one problem."""

    problem: Problem
    id: UUID
    version: int = 0
    article: Article | None = None
    """The latest wording, if this batch published one."""

    def fold(self, event: Recorded) -> None:
        """Apply an event."""
        event.apply(self.problem)
        self.version = event.originator_version
        if isinstance(event, KnownErrorPublished):
            self.article = Article(self.id, self.version, event.known_error, event.article)

    def row(self) -> tuple[Any, ...]:
        """The row of the view, in the order of `COLUMNS`."""
        kept = {"id": self.id, "version": self.version, "incidents": list(self.problem.incidents)}
        return tuple(kept[name] if name in kept else getattr(self.problem, name) for name in COLUMNS)


def new_fold(event: Recorded) -> ProblemFold:
    """Start the fold of a problem with its first event. Raises TypeError for any other event."""
    if not isinstance(event, ProblemOpened):
        raise TypeError(f"{event.TOPIC} is no opening event, and problem {event.originator_id} is unknown to the view")
    return ProblemFold(_begun(), event.originator_id)


def resume_fold(row: Mapping[str, Any]) -> ProblemFold:
    """Resume a fold from its stored row."""
    problem = _begun()
    for name in ("number", "service", "opened_at", "resolved_at", "closed_at", "priority", "known_error"):
        setattr(problem, name, row[name])
    problem.status, problem.incidents = ProblemStatus(row["status"]), tuple(row["incidents"])
    return ProblemFold(problem, row["id"], row["version"])


def _begun() -> Problem:
    problem = Problem.__new__(Problem)
    problem.begin()
    return problem


def wording(texts: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return title, symptoms and work-around from an article's texts."""
    title, symptoms, workaround = (storable(str(texts.get(name) or "")) for name in _WORDS)
    return title, symptoms, workaround
