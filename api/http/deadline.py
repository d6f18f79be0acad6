"""One deadline for each request: its answer begins in time, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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
    """The time that a request may take until its answer begins. Use it as a context manager around the request."""

    def __init__(self) -> None:
        self._timeout, self._lifted = asyncio.timeout(ANSWER), False

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._outer = _deadline.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises Problem 503 when the time is over."""
        _deadline.reset(self._outer)
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if not self._timeout.expired():
                raise
            raise Problem(
                "unavailable",
                "there is no answer in time; send it again with the same Idempotency-Key, and it is carried out once",
            ) from None

    def allow(self, seconds: float | None) -> None:
        """Let the answer begin within so many seconds from now; None for no end."""
        if not self._lifted and not self._timeout.expired():
            self._timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def lift(self) -> None:
        """The answer has begun: it may take as long as its reader does."""
        self.allow(None)
        self._lifted = True


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def allow(seconds: float | None) -> None:
    """Let the answer to the present request begin within so many seconds from now; None for no end."""
    if (deadline := _deadline.get()) is not None:
        deadline.allow(seconds)


@asynccontextmanager
async def body_coming(seconds: float | None) -> AsyncIterator[None]:
    """Wait so long for the body; None for no end. Meanwhile the deadline stands still. Raises TimeoutError."""
    allow(None)
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        allow(ANSWER)


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
