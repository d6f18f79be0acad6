"""What a mail server was told about a mail beside the mail itself (RFC 5321): from whom it comes, for whom it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LARGEST_MESSAGE = 28 * 2**20
"""Bytes of a mail, whichever way it comes: below 30 MB, and enough for 20 MiB of files in base64."""


@dataclass(frozen=True)
class Envelope:
    """The envelope as it came. The sender may have written anything."""

    sender: str | None
    """The reverse-path; empty for the null one (`<>`: never to be answered), None where nobody knows it."""
    recipients: tuple[str, ...]
    arrived_at: datetime | None = None
    """When it reached us, where that was before it is handed in: the mailbox's own word, never the sender's (R-5.9c)."""

    @property
    def from_nobody(self) -> bool:
        """Whether it says that no answer is wanted (RFC 5321, 4.5.5)."""
        return self.sender == ""


NO_ENVELOPE = Envelope(None, ())
"""A mail that came otherwise than from a mail server: by HTTP, from a mailbox."""
