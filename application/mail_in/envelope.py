"""The envelope of a mail (RFC 5321): its reverse-path and its recipients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LARGEST_MESSAGE = 28 * 2**20
"""Most bytes of a mail by any channel: below 30 MB, and enough for 20 MiB of files in base64."""


@dataclass(frozen=True)
class Envelope:
    """The envelope as received: untrusted."""

    sender: str | None
    """The reverse-path. Empty for the null one (`<>`: never answer it); None if unknown."""
    recipients: tuple[str, ...]
    arrived_at: datetime | None = None
    """When it reached the mailbox, if earlier than now. The mailbox says so, never the sender (R-5.9c)."""

    @property
    def from_nobody(self) -> bool:
        """Whether the reverse-path is null, so that no answer is wanted (RFC 5321, 4.5.5)."""
        return self.sender == ""


NO_ENVELOPE = Envelope(None, ())
"""The envelope of a mail that did not come from a mail server but by HTTP or from a mailbox."""
