"""What a case holds beside its state: the files and the mails that came with it, each said in confidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.values import Actor, Disclosure


@dataclass(frozen=True)
class Attachment:
    """A file of the case: what it is (name, type, size, sha256) in confidence, who brought it, and who may see it."""

    said: Disclosure
    version: int
    """Of the event that records it."""
    by: Actor
    attached_at: datetime
    visible_to_customer: bool

    @property
    def size(self) -> int:
        """Bytes that are kept of it."""
        return int(self.said.text("size") or 0)


@dataclass(frozen=True)
class Mailed:
    """A message of the case: the receipt that holds it as it came, who wrote it, and to whom."""

    message: str
    sender: str
    received_at: datetime
    automatic: bool
    contact: Disclosure | None
    written_to: Disclosure | None
    """The people in To and Cc; None where nobody knows."""
