"""Retries: an item that keeps failing is set aside, where people see it; the others continue (R-5.1d, R-5.9a)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, Self

import structlog
from eventsourcing.persistence import InterfaceError, OperationalError

from domain.errors import InvalidTransition

_PAUSE, _LONGEST = 5.0, 600.0
"""Seconds until the next try, doubled with each failure, and their maximum."""
TRIES = 5
"""Tries before an item is set aside, unless the settings say otherwise."""
AWAY = (OperationalError, InterfaceError)
"""Errors of an absent store, which no item causes."""

log = structlog.get_logger()


class SetAside(Protocol):
    """Keeps failing items for `caseledger status` and the metrics."""

    async def begin_anew(self) -> None:
        """Forget all items: a starting worker tries everything again."""
        ...

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        """Keep an item's failure and its number of tries. ``given_up``: it will not be tried again."""
        ...

    async def forget(self, item: str) -> None:
        """Forget an item that no longer fails."""
        ...


class Nowhere:
    """Keeps nothing: for a worker that ends with its call."""

    async def begin_anew(self) -> None:
        """Nothing is kept."""

    async def keep(self, item: str, tries: int, error: Exception, *, given_up: bool) -> None:
        """Nothing is kept."""

    async def forget(self, item: str) -> None:
        """Nothing is kept."""


class Tries:
    """Counts failures. Belongs to the worker that has the turn, and to its event loop."""

    def __init__(self, kept: SetAside, limit: int = TRIES, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kept, self.limit, self._monotonic = kept, limit, monotonic
        self._failed: dict[str, tuple[int, float]] = {}

    @classmethod
    async def begin(cls, kept: SetAside, limit: int = TRIES, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """Start counting anew: items that an earlier worker set aside are tried again."""
        await kept.begin_anew()
        return cls(kept, limit, monotonic)

    @property
    def parked(self) -> int:
        """Number of items that must wait."""
        return len(self._failed)

    async def ready(self, due: Sequence[str], *, whole: bool) -> list[str]:
        """Return the due items that may be tried now. ``whole``: ``due`` is complete, so any other item is settled."""
        if whole:
            for item in set(self._failed) - set(due):
                await self.succeeded(item)
        now = self._monotonic()
        return [item for item in due if self._failed.get(item, (0, now))[1] <= now]

    async def each(self, due: Sequence[str], limit: int, do: Callable[[str], Awaitable[object]]) -> int:
        """Do something for each due item that may be tried now. Returns for how many. Raises the errors in AWAY.

        What an aggregate refuses is not due any more. An item that fails for another reason is set aside after some tries,
        so that the others do not wait for it. ``limit`` is the most that were asked for.
        """
        ready = await self.ready(due, whole=len(due) < limit)
        return sum([await self._done(item, do) for item in ready])

    async def _done(self, item: str, do: Callable[[str], Awaitable[object]]) -> bool:
        try:
            await do(item)
        except AWAY:
            raise
        except InvalidTransition:
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the others shall not wait for it
            await self.failed(item, error)
            return False
        await self.succeeded(item)
        return True

    async def failed(self, item: str, error: Exception) -> bool:
        """Count a failure. Returns whether it sets the item aside."""
        tries = self._failed.get(item, (0, 0.0))[0] + 1
        given_up = tries >= self.limit
        pause = float("inf") if given_up else min(_PAUSE * 2 ** (tries - 1), _LONGEST)
        self._failed[item] = (tries, self._monotonic() + pause)
        log.error("an item failed", item=item, tries=tries, set_aside=given_up, exc_info=error)
        await self._kept.keep(item, tries, error, given_up=given_up)
        return given_up

    async def succeeded(self, item: str) -> None:
        """Forget an item that is done or no longer due."""
        if self._failed.pop(item, None) is not None:
            await self._kept.forget(item)
