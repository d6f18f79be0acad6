"""Work off the event loop that is answered in time, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from api.http.problems import Problem

ANSWER = 9.0
"""Seconds after which a caller is answered 503. What they asked for may be carried out still."""
_LOOKING = 8
"""Threads that look up who calls. They are nobody else's: while an identity provider is silent, the desk works on."""
T = TypeVar("T")


async def in_time(do: Callable[[], T], threads: CapacityLimiter | None = None) -> T:
    """Do it in a thread. Raises Problem 503 when that takes too long, and what it raises."""
    try:
        async with asyncio.timeout(ANSWER) as end:
            return await to_thread.run_sync(do, abandon_on_cancel=True, limiter=threads)
    except TimeoutError:
        if not end.expired():
            raise
        raise Problem(
            "unavailable",
            "there is no answer in time; send it again with the same Idempotency-Key, and it is carried out once",
        ) from None


@dataclass
class Admission:
    """Looks callers up where memory does not tell who they are, or what they may."""

    threads: CapacityLimiter | None = field(default=None, init=False)

    async def look(self, do: Callable[[], T]) -> T:
        """Look, in a thread of its own. Raises Problem 503, and what looking raises."""
        if self.threads is None:  # it belongs to the event loop that it is made in
            self.threads = CapacityLimiter(_LOOKING)
        return await in_time(do, self.threads)
