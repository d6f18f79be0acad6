"""The search for duplicate candidates (R-5.6a)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True)
class Report:
    """The features by which another case is compared."""

    number: str
    service: str | None
    customer: str
    received_at: datetime
    external_ref: str | None
    words: str


class Finder(Protocol):
    """Searches the open cases; never behind the record."""

    async def similar(
        self,
        words: str,
        external_ref: str | None,
        since: datetime,
        until: datetime,
        limit: int,
        *,
        patience: timedelta | None = None,
    ) -> Sequence[Report]:
        """Find open cases received between two times (inclusive) that share words or the fingerprint, most alike first.

        Raises TimeoutError if a query takes longer than ``patience``.
        """
        ...
