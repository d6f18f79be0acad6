"""Durable timers, as views of the events that set them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Timers(Protocol):
    """Due times of closures, targets and mails. The view may lag: the aggregate decides when a timer fires."""

    async def due_closures(self, now: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Return number and resolution (its version) of cases whose window has ended, oldest first."""
        ...

    async def due_targets(self, now: datetime, pausing: Collection[str], limit: int) -> Sequence[str]:
        """Return cases with a warning or a breach to record, oldest first. The reasons in ``pausing`` stop the clock."""
        ...

    async def due_messages(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Return messages to send, oldest first."""
        ...

    async def next_due(self, pausing: Collection[str]) -> datetime | None:
        """Return the next due time of any kind, or None."""
        ...
