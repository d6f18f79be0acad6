"""A bound on what is nice to have: it may take a share of the time, and no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Hints:
    """How much time one process spends on hints: a tenth of it, a few seconds in a row, two searches at once."""

    def __init__(self, share: float = 0.1, most: float = 3.0, at_once: int = 2) -> None:
        self._share, self._most, self._left = share, most, most
        self._since, self._free = time.monotonic(), at_once
        self._guard = threading.Lock()

    @contextmanager
    def allowed(self) -> Iterator[bool]:
        """Whether there is time for one now; what it takes is counted."""
        started = time.monotonic()
        with self._guard:
            self._left = min(self._most, self._left + (started - self._since) * self._share)
            self._since = started
            may = self._left > 0 and self._free > 0
            self._free -= may
        try:
            yield may
        finally:
            with self._guard:
                self._free += may
                self._left -= (time.monotonic() - started) * may
