"""Places: so many requests are worked on at once. The others wait in line for a moment: staff, then people and machines
from outside, then reports.

A request takes its place when its body is complete, so that a slow sender holds none. It gives it back when its answer
begins, so that a slow reader, or one who follows the feed, holds none either. Whatever is waited for elsewhere, such as the
group commit and the pools, is thereby bounded as well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum

from api.http.problems import Problem

AT_ONCE = 32
"""Requests worked on at once in one process. A commit is shared well by 16; more places only lengthen each answer."""
PATIENCE = 1.0
"""Seconds that a request waits in line. Its client does better to ask again than to wait for longer."""


class Rank(IntEnum):
    """Whom a request comes from, in the order of admission."""

    CASES = 0
    """Staff: commands, and the cases they look at."""
    LISTS = 1
    """Staff: lists, queues, search, the console, administration."""
    OUTSIDE = 2
    """Customers' links and reports, machines, mail by HTTP."""
    REPORTS = 3
    """Reports, the feed, exports, what auditors fetch."""


@dataclass(frozen=True)
class Share:
    """What requests of a rank may have."""

    places: int
    """At most, so that some are left for the ranks before it."""
    line: int
    """Places in line."""
    own: int = 0
    """Places that no other rank takes, so that none starves."""


SHARES: Mapping[Rank, Share] = {
    Rank.CASES: Share(AT_ONCE, 512),
    Rank.LISTS: Share(24, 256, own=2),
    Rank.OUTSIDE: Share(16, 128, own=2),
    Rank.REPORTS: Share(8, 64, own=1),
}
_OPEN = frozenset({"healthz", "readyz", "metrics"})
"""What must be answered in an overload as well: it takes no place."""
_OUTSIDE = frozenset({"intake", "v2", "self-service", "disputes", "report"})
_REPORTS = frozenset({"reports", "events", "audit", "tlog", "conformance"})


def rank_of(path: str, *, direct: bool) -> Rank | None:
    """The rank of a path; None where no place is needed. ``direct``: it is a page, a command, or one case."""
    first, _, rest = path[1:].partition("/")
    if direct and first != "ui":
        return Rank.CASES
    if first in _OPEN:
        return None
    if first == "ui":
        first = rest.partition("/")[0]
    if first in _REPORTS or rest == "what-if":
        return Rank.REPORTS
    return Rank.OUTSIDE if first in _OUTSIDE else Rank.LISTS


class Places:
    """The places of one process, and the lines before them. It belongs to one event loop."""

    def __init__(
        self, shares: Mapping[Rank, Share] = SHARES, at_once: int = AT_ONCE, patience: float = PATIENCE
    ) -> None:
        self._shares, self._at_once, self._patience = shares, at_once, patience
        self._taken = dict.fromkeys(Rank, 0)
        self._lines: Mapping[Rank, deque[asyncio.Future[bool]]] = {rank: deque() for rank in Rank}

    def figures(self) -> Mapping[str, tuple[int, int]]:
        """How many requests of each rank are worked on, and how many wait in line."""
        return {rank.name.lower(): (self._taken[rank], self.waiting(rank)) for rank in Rank}

    def waiting(self, rank: Rank) -> int:
        """How many of a rank wait in line."""
        return len(self._lines[rank])

    async def take(self, rank: Rank) -> None:
        """Take a place, after a wait in line if none is free. Raises Problem 503."""
        if self._is_free(rank):  # who is in line waits for a share of its own, or for any place at all
            self._taken[rank] += 1
            return
        line = self._lines[rank]
        if len(line) >= self._shares[rank].line:
            raise _crowded()
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        impatience = asyncio.get_running_loop().call_later(self._patience, _give_up, turn)
        try:
            admitted = await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.result():
                self.give_back(rank)
            raise
        finally:
            impatience.cancel()
            if turn in line:
                line.remove(turn)
        if not admitted:
            raise _crowded()

    def give_back(self, rank: Rank) -> None:
        """Give a place back: to the first in line of the first rank that may have it."""
        self._taken[rank] -= 1
        for each, line in self._lines.items():
            while line and self._is_free(each):
                turn = line.popleft()
                if not turn.done():
                    self._taken[each] += 1
                    turn.set_result(True)

    def _is_free(self, rank: Rank) -> bool:
        kept = sum(max(each.own, self._taken[other]) for other, each in self._shares.items() if other is not rank)
        mine = self._taken[rank]
        return mine < self._shares[rank].places and kept + mine < self._at_once


class Place:
    """The place of one request, until its answer begins."""

    def __init__(self, places: Places, rank: Rank) -> None:
        self._places, self._rank = places, rank
        self._held = self._ended = False

    async def take(self) -> None:
        """Take it, unless it is held, or no longer needed. Raises Problem 503."""
        if not (self._held or self._ended):
            await self._places.take(self._rank)
            self._held = True

    def leave(self) -> None:
        """Give it back, if it is held."""
        if self._held:
            self._held = False
            self._places.give_back(self._rank)

    def end(self) -> None:
        """Give it back for good."""
        self._ended = True
        self.leave()


place: ContextVar[Place | None] = ContextVar("place", default=None)
"""The place of the present request."""


@asynccontextmanager
async def stepped_aside() -> AsyncIterator[None]:
    """Wait for something without a place, and take it again. Raises Problem 503."""
    mine = place.get()
    if mine is not None:
        mine.leave()
    yield
    if mine is not None:
        await mine.take()


def _give_up(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)


def _crowded() -> Problem:
    return Problem("unavailable", "too many requests at once; send it again, with the same Idempotency-Key")
