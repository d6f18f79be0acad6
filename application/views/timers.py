"""Durable timers, as views of the events that set them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Timers(Protocol):
    """Due times of closures and mails. The view may lag: the aggregate decides when a timer fires."""

    async def due_closures(self, now: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Return number and resolution (its version) of cases whose window has ended, oldest first."""
        ...

    async def due_messages(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Return messages to send, oldest first."""
        ...

    async def next_due(self) -> datetime | None:
        """Return the next due time of either kind, or None."""
        ...
