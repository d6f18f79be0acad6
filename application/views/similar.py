"""Finding cases that may be about the same (R-5.6a)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True)
class Report:
    """What another case is compared by."""

    number: str
    service: str | None
    customer: str
    received_at: datetime
    external_ref: str | None
    words: str


class Finder(Protocol):
    """Looks among the open cases; never behind the record."""

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
        """Open cases received between two moments (inclusive) that share words or the fingerprint, most alike first.

        Raises TimeoutError when one look takes longer than ``patience``.
        """
        ...
