"""Forgets who read what once the policy's time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from application.audit.reads import KeptReads
from application.desk import Desk

_EVERY = timedelta(hours=1)
_AT_ONCE = 10_000


class ReadsRetention:
    """Looks once an hour."""

    def __init__(self, desk: Desk, kept: KeptReads) -> None:
        self._desk, self._kept = desk, kept
        self._next: datetime | None = None

    async def tend(self) -> int:
        """Remove what is due, if an hour has passed; returns how many reads."""
        now = self._desk.clock.now()
        if self._next is not None and now < self._next:
            return 0
        before = now - (await self._desk.references.current()).policy.reads_kept
        forgotten = await self._kept.forget(before, _AT_ONCE)
        if forgotten < _AT_ONCE:
            self._next = now + _EVERY
        return forgotten
