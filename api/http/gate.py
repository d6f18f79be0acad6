"""The gate of machine intake: so many messages at once are worked on, and no more; whoever comes then comes again later.

It is passed before the body is read, so that what waits is bounded in bytes as well. Each door has places and threads of its
own: who holds up one holds up no other, and nobody who asks for something else. It is used in the event loop only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

AT_ONCE = 16
"""Messages worked on at once at each door, in one process."""
T = TypeVar("T")


class Full(Exception):
    """As much is being worked on as may be: the message was not looked at."""


class Gate:
    """Counts who is inside."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once, self._inside = at_once, Counter[str]()
        self._threads: dict[str, CapacityLimiter] = {}

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

    async def work(self, door: str, do: Callable[[], T]) -> T:
        """Do, in a thread of this door's, what somebody inside wants."""
        threads = self._threads.setdefault(door, CapacityLimiter(self._at_once))
        return await to_thread.run_sync(do, limiter=threads)
