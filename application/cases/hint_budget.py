"""A bound on hints: they may take a share of a process's time, and no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class HintBudget:
    """How much time one process spends on hints: a fiftieth of it, a quarter of a second in a row, one search at once.

    At 5 ms a search that is fifty in a row, and four a second for as long as you like: more than people at telephones ask.
    A tenth, and three seconds in a row, cost a storm of reports a quarter of its rate.
    """

    def __init__(self, share: float = 0.02, most: float = 0.25, at_once: int = 1) -> None:
        self._share, self._most, self._left = share, most, most
        self._since, self._free = time.monotonic(), at_once

    @contextmanager
    def allowed(self) -> Iterator[bool]:
        """Whether there is time for one now; what it takes is counted."""
        started = time.monotonic()
        self._left = min(self._most, self._left + (started - self._since) * self._share)
        self._since = started
        may = self._left > 0 and self._free > 0
        self._free -= may
        try:
            yield may
        finally:
            self._free += may
            self._left -= (time.monotonic() - started) * may
