"""Simulated time: histories run one command after another, in the order of their moments."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, TypeVar

from domain.errors import DomainError

T = TypeVar("T")
History = Coroutine[Any, Any, None]


@dataclass(frozen=True)
class Until:
    """A moment that a history waits for."""

    at: datetime

    def __await__(self) -> Generator[Until, None, None]:
        """Hand the moment to the schedule."""
        yield self


class Schedule:
    """Histories by the moment they wait for. It is the clock of their commands."""

    simulated = False
    """The store records the simulated time itself, so that events need not carry it."""

    def __init__(self, now: datetime) -> None:
        self._now, self._order = now, 0
        self.refused = 0
        """Histories that ended with a refusal."""
        self._waiting: list[tuple[datetime, int, History]] = []

    def now(self) -> datetime:
        """The simulated time."""
        return self._now

    def restart(self, now: datetime) -> None:
        """Set the time, also back, where no history waits."""
        assert not self._waiting
        self._now = now

    def begin(self, history: History, at: datetime) -> None:
        """Let a history begin at a moment."""
        self._order += 1
        heappush(self._waiting, (at, self._order, history))

    async def run(self, end: datetime) -> None:
        """Run all histories up to the end. Those that wait beyond it are broken off."""
        while self._waiting and self._waiting[0][0] <= end:
            at, _, history = heappop(self._waiting)
            self._now = max(self._now, at)
            await self._advance(history)
        for _, _, history in self._waiting:
            history.close()
        self._waiting.clear()

    @types.coroutine
    def _advance(self, history: History) -> Generator[Any, None, None]:
        """Run a history until it waits for another moment, or ends."""
        while True:
            try:
                awaited = history.send(None)
            except StopIteration:
                return
            except (
                DomainError
            ):  # others were faster, and the desk refused: nothing is recorded, and people leave it at that
                self.refused += 1
                return
            if isinstance(awaited, Until):
                self.begin(history, awaited.at)
                return
            yield awaited  # a future: the event loop knows when it is done


class OnTheSpot(ThreadPoolExecutor):
    """Carries out at once what a command leaves to a thread: nobody else waits for the loop, and threads cost more."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Carry it out. The future is done."""
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever awaits it is told
            done.set_exception(error)
        return done
