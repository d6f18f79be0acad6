"""A stored event: the library's columns, those that only the database fills, and the event's disclosures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eventsourcing.persistence import Notification, StoredEvent

from domain.values import Disclosure


@dataclass(frozen=True)
class LedgerEvent(StoredEvent):
    """A row of `ledger.stored_events`. Position, time and role are None until the database has filled them."""

    disclosures: tuple[Disclosure, ...] = ()
    position: int | None = None
    recorded_at: datetime | None = None
    db_role: str | None = None


@dataclass(frozen=True)
class LedgerNotification(Notification):
    """A row in the order of recording, without its disclosures."""

    recorded_at: datetime
    db_role: str
