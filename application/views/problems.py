"""The views of problems, and of the known errors published of them, as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from application.views.columns import Columns
from application.views.rows import RowFold
from application.views.texts import storable
from domain.problem import Problem, ProblemOpened, ProblemStatus

_WORDS = ("title", "symptoms", "workaround")


class ProblemFold(RowFold):
    """One problem while events fold into it."""

    AGGREGATE, OPENING = Problem, ProblemOpened
    COLUMNS = Columns(
        state=("number", "status", "service", "priority", "opened_at", "resolved_at", "closed_at", "known_error"),
        fold=("id", "version"),
        parse={"status": ProblemStatus},
        derived={"incidents": lambda problem: list(problem.incidents)},
    )

    @classmethod
    def resume(cls, row: Mapping[str, Any]) -> Self:
        """Resume a fold from the row it left."""
        fold = super().resume(row)
        fold.state.incidents = tuple(row["incidents"])
        return fold


def wording(texts: Mapping[str, Any]) -> tuple[str, str, str]:
    """Title, symptoms and workaround of a known error's texts."""
    title, symptoms, workaround = (storable(str(texts.get(name) or "")) for name in _WORDS)
    return title, symptoms, workaround
