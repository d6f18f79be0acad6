"""What is due: durable timers, as views of the events that set them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Timers(Protocol):
    """The due times of closures and mails. A view may be behind: the aggregate decides when the timer fires."""

    async def due_closures(self, now: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Number and resolution (its version) of cases whose window has ended, oldest first."""
        ...

    async def due_messages(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Messages to be sent, oldest first."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next of either is due; None when nothing is."""
        ...
