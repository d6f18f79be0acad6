"""One deadline for each request: its answer begins in time, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

from anyio import CapacityLimiter, to_thread

from api.http.problems import Problem

ANSWER = 9.0
"""Seconds until the caller is answered 503. The command may still be committed."""
LONG = 35.0
"""The same for lists, reports, files and messages of machines. The database ends such a statement after 30 s."""
_LOOKING = 8
"""Threads that look up callers. No other work uses them: while an identity provider is silent, the desk works on."""
T = TypeVar("T")


class Deadline:
    """The time that a request may take until its answer begins. Use it as a context manager around the request.

    It has one timer, however often the time is changed: a timer that goes off too early is set again.
    """

    def __init__(self) -> None:
        self._loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._lifted = self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._rings = 0.0
        self.allow(ANSWER)

    def __enter__(self) -> Self:
        self._outer = _deadline.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises Problem 503 when the time is over."""
        _deadline.reset(self._outer)
        self.lift()
        if self.ended(error):
            raise Problem(
                "unavailable",
                "there is no answer in time; send it again with the same Idempotency-Key, and it is carried out once",
            ) from None

    def allow(self, seconds: float | None) -> None:
        """Let the answer begin within so many seconds from now; None for no end."""
        if self._lifted or self._over:
            return
        self._due = None if seconds is None else self._loop.time() + seconds
        if self._due is not None and (self._timer is None or self._due < self._rings):
            self._set(self._due)

    def lift(self) -> None:
        """The answer has begun: it may take as long as its reader does."""
        self._lifted = True
        if self._timer is not None:
            self._timer.cancel()

    def left(self) -> float | None:
        """Seconds until the deadline; None where there is none."""
        return None if self._lifted or self._due is None else self._due - self._loop.time()

    def ended(self, error: BaseException | None) -> bool:
        """Whether the deadline raised this error. If so, the request may go on to answer that."""
        if not self._over:
            return False
        self._over = False
        return self._task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError)

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings = self._loop.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._timer = None
        if self._due is not None and self._loop.time() < self._due:
            self._set(self._due)
        elif self._due is not None:
            self._over = True
            self._task.cancel()


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def allow(seconds: float | None) -> None:
    """Let the answer to the present request begin within so many seconds from now; None for no end."""
    if (deadline := _deadline.get()) is not None:
        deadline.allow(seconds)


class BodyComing:
    """Wait so long for the body; None for no end. Meanwhile the request has no other deadline. Raises TimeoutError."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds, self._deadline = seconds, _deadline.get()

    def __enter__(self) -> None:
        if self._deadline is not None:
            self._deadline.allow(self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._deadline is not None:
            ended = self._deadline.ended(error)
            self._deadline.allow(ANSWER)
            if ended:
                raise TimeoutError from None


async def in_thread(do: Callable[[], T], threads: CapacityLimiter | None = None) -> T:
    """Do what takes long in a thread, off the event loop. Raises what it raises."""
    allow(LONG)
    return await to_thread.run_sync(do, abandon_on_cancel=True, limiter=threads)


@dataclass(frozen=True)
class CallerLookup:
    """Verifies tokens that memory does not know. It may ask an identity provider, so it has threads of its own."""

    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_LOOKING))

    async def look(self, do: Callable[[], T]) -> T:
        """Look in such a thread; the deadline then begins anew. Raises what looking raises."""
        found = await to_thread.run_sync(do, abandon_on_cancel=True, limiter=self.threads)
        allow(ANSWER)
        return found
