"""Answers how the desk itself is doing: positions, workers, and items set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infrastructure.views.questions.view_reader import ViewReader, texts

_SQL = texts("health")


class HealthView(ViewReader):
    """What operators and load balancers ask."""

    def health(self) -> Mapping[str, Any]:
        """Positions, lags, counts of waiting work, and the state of each worker."""
        workers = {row.pop("worker"): row for row in self._rows(_SQL["workers"])}
        return {**self._rows(_SQL["health"])[0], "projecting": self.is_projecting(), "workers": workers}

    def is_projecting(self) -> bool:
        """Whether a projector is at work, so that recorded events will be folded."""
        return bool(self._rows(_SQL["projecting"])[0]["working"])

    def set_aside(self) -> list[dict[str, Any]]:
        """The items that workers have given up until their next start, oldest first; at most 100."""
        return self._rows(_SQL["set_aside"])
