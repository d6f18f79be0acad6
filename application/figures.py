"""What the workers of this process have done since it started: counts for operators, of no use to the record."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping


class Figures:
    """Counts of what was done, by who did it. Threads may share it."""

    def __init__(self) -> None:
        self._done: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._guard = threading.Lock()

    def add(self, who: str, what: str, count: int = 1) -> None:
        """Count ``what`` a worker, or a part of the API process, has done."""
        with self._guard:
            self._done[who][what] += count

    def of(self, who: str) -> Mapping[str, int]:
        """Its counts so far."""
        with self._guard:
            return dict(self._done[who])


FIGURES = Figures()
"""The figures of this process."""
