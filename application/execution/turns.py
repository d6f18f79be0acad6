"""Turns: commands that conflict on one stream run one after another.

Turns start only after a conflict. Most commands are alone on their stream and decide at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from application.execution.requests import Busy

PATIENCE = 8.0
"""Seconds a command may take from its first attempt to its commit, retries included."""


@dataclass
class _Stream:
    """A stream that ``users`` commands work on. The lock holder has the turn."""

    users: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Turn:
    """One command's place among those on its stream."""

    def __init__(self, name: str, stream: _Stream, patience: float, monotonic: Callable[[], float]) -> None:
        self._name, self._stream, self._monotonic = name, stream, monotonic
        self._end = monotonic() + patience
        self._mine = False

    async def take(self) -> None:
        """Wait for the turn, unless we have it. Later commands queue behind. Raises Busy when time is up."""
        if not self._mine:
            try:
                async with asyncio.timeout(self._left()):
                    await self._stream.turn.acquire()
            except TimeoutError:
                raise self._busy() from None
        self._mine = True
        self.check()

    async def queue(self) -> None:
        """Wait for the turn if other commands take turns already. Raises Busy."""
        if self._stream.turn.locked():
            await self.take()

    def check(self) -> None:
        """Raises Busy when time is up."""
        if not self._left():
            raise self._busy()

    def _left(self) -> float:
        return max(0.0, self._end - self._monotonic())

    def _busy(self) -> Busy:
        return Busy(f"{self._name} is being changed by others; try again")

    def give_back(self) -> None:
        """Pass the turn to the next command."""
        if self._mine:
            self._stream.turn.release()


class Turns:
    """The streams that commands of this process work on."""

    def __init__(self, patience: float = PATIENCE, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._monotonic = patience, monotonic
        self._streams: dict[str, _Stream] = {}

    @property
    def streams(self) -> int:
        """Number of streams in use."""
        return len(self._streams)

    @asynccontextmanager
    async def on(self, name: str) -> AsyncIterator[Turn]:
        """Work on a stream inside this context. Raises Busy if other commands take too long."""
        stream = self._streams.setdefault(name, _Stream())
        stream.users += 1
        turn = Turn(name, stream, self._patience, self._monotonic)
        try:
            await turn.queue()
            yield turn
        finally:
            turn.give_back()
            stream.users -= 1
            if not stream.users:
                del self._streams[name]
