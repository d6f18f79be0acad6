"""Answers how the desk itself is doing: positions, workers, and what was set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infrastructure.postgres.queries import load
from infrastructure.views.questions.paging import Asking

_SQL = {name: sql.decode() for name, sql in load("health", "infrastructure.views.questions").items()}


class Watched(Asking):
    """What operators and load balancers ask."""

    def health(self) -> Mapping[str, Any]:
        workers = {row.pop("worker"): row for row in self._rows(_SQL["workers"])}
        return {**self._rows(_SQL["health"])[0], "projecting": self.is_projecting(), "workers": workers}

    def is_projecting(self) -> bool:
        """Whether a projector works, so that what is on the record will be folded."""
        return bool(self._rows(_SQL["projecting"])[0]["working"])

    def set_aside(self) -> list[dict[str, Any]]:
        """What workers have given up until they start anew, the oldest first; at most 100."""
        return self._rows(_SQL["set_aside"])
