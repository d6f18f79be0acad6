"""The gate of machine intake: so many messages at once are worked on, and no more. Later ones must come again.

It is passed before the body is read, so that what waits is bounded in bytes as well. Each door has places of its own, so
that one door holds up no other. A gate belongs to one event loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 16
"""Messages worked on at once at each door, in one process."""


class Full(Exception):
    """As much is being worked on as may be: the message was not looked at."""


class Gate:
    """Counts who is inside."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once, self._inside = at_once, Counter[str]()

    @contextmanager
    def passed(self, door: str) -> Iterator[None]:
        """Be inside for as long as this lasts. Raises Full."""
        if self._inside[door] >= self._at_once:
            raise Full
        self._inside[door] += 1
        try:
            yield
        finally:
            self._inside[door] -= 1
