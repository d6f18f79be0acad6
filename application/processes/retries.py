"""One item that always fails is set aside after some tries, where people see it; the others go on (R-5.1d, R-5.9a)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import structlog
from eventsourcing.persistence import InterfaceError, OperationalError

_PAUSE, _LONGEST = 5.0, 600.0
"""Seconds after the first failure until the next try, doubled with each; and at most."""
TRIES = 5
"""After which an item is set aside, unless the settings say otherwise."""
AWAY = (OperationalError, InterfaceError)
"""The store is away: no item is to blame."""

log = structlog.get_logger()


class SetAside(Protocol):
    """Where it is seen what fails: `caseledger status`, the metrics."""

    async def begin_anew(self) -> None:
        """Forget all: a worker that starts tries everything again."""
        ...

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        """Keep that an item failed, so many times now; ``given_up`` when it is tried no more."""
        ...

    async def forget(self, item: str) -> None:
        """It fails no more."""
        ...


class Nowhere:
    """For a worker that ends with its call: nothing is kept."""

    async def begin_anew(self) -> None:
        """Nothing is kept."""

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        """Nothing is kept."""

    async def forget(self, item: str) -> None:
        """Nothing is kept."""


class Tries:
    """Counts what failed. Belongs to the one worker that has the turn, and to its event loop."""

    def __init__(self, kept: SetAside, limit: int = TRIES, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kept, self.limit, self._monotonic = kept, limit, monotonic
        self._failed: dict[str, tuple[int, float]] = {}

    @classmethod
    async def begin(cls, kept: SetAside, limit: int = TRIES, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """Begin to count anew: what an earlier worker had set aside is tried again."""
        await kept.begin_anew()
        return cls(kept, limit, monotonic)

    @property
    def parked(self) -> int:
        """How many items are not to be tried now."""
        return len(self._failed)

    async def ready(self, due: Sequence[str], *, whole: bool) -> list[str]:
        """Of what is due, what may be tried now. ``whole``: there is no more than this, so what is missing is settled."""
        if whole:
            for item in set(self._failed) - set(due):
                await self.succeeded(item)
        now = self._monotonic()
        return [item for item in due if self._failed.get(item, (0, now))[1] <= now]

    async def failed(self, item: str, error: Exception) -> bool:
        """Count a failure. Returns whether the item is set aside with it."""
        tries = self._failed.get(item, (0, 0.0))[0] + 1
        given_up = tries >= self.limit
        pause = float("inf") if given_up else min(_PAUSE * 2 ** (tries - 1), _LONGEST)
        self._failed[item] = (tries, self._monotonic() + pause)
        log.error("an item failed", item=item, tries=tries, set_aside=given_up, exc_info=error)
        await self._kept.keep(item, tries, error, given_up=given_up)
        return given_up

    async def succeeded(self, item: str) -> None:
        """It is done, or is nothing to be done any more."""
        if self._failed.pop(item, None) is not None:
            await self._kept.forget(item)
