"""The search for duplicate candidates (R-5.6a)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Profile:
    """A report, by what others are compared with it."""

    number: str
    service: str | None
    received_at: datetime
    external_ref: str | None
    terms: frozenset[int]


@dataclass(frozen=True)
class Match:
    """An earlier report of an open case, and how much of the terms of both it shares with a profile: from 0 to 1."""

    number: str
    service: str | None
    received_at: datetime
    external_ref: str | None
    shared: float


class Finder(Protocol):
    """Searches the open cases; never behind the record."""

    async def similar(
        self, profile: Profile, since: datetime, limit: int, *, certain: float, decided: Collection[str] = ()
    ) -> Sequence[Match]:
        """Find earlier reports, received at or after a time, with the profile's fingerprint or most of its terms.

        Those that share ``certain`` of the terms, or more, are found for certain, up to ``limit``; of others those with
        rare terms. The most alike come first. Numbers in ``decided`` are left out.
        """
        ...


def shared(terms: frozenset[int], others: frozenset[int]) -> float:
    """Return the share of the terms of two reports that both have, from 0 to 1."""
    return len(terms & others) / (len(terms | others) or 1)
