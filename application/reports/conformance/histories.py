"""The port through which conformance reads histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.reports.conformance.history import History


@dataclass(frozen=True)
class Known:
    """A point of the record: the last position, and its moment."""

    position: int
    at: datetime


@dataclass(frozen=True)
class HistoryPage:
    """Histories of some cases, and the last case that was looked at."""

    histories: Sequence[History]
    last: UUID | None
    """None where no case follows."""


class Histories(Protocol):
    """Case histories from the record, case by case in the order of their ids."""

    async def page(self, after: UUID | None, limit: int, known: Known) -> HistoryPage:
        """Return the histories of the next cases as of a point. A case without an event by then has none."""
        ...

    async def of(self, number: str, known: Known) -> History | None:
        """Return the history of one case as of a point; None where there is none."""
        ...

    async def count(self) -> int:
        """Return how many cases there are."""
        ...
