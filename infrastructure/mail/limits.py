"""What one mail server may ask of the gateway, and the room for messages that are not on the record yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from application.mail_in.envelope import LARGEST_MESSAGE


@dataclass(frozen=True)
class SmtpLimits:
    """What one client may ask of us."""

    size: int = LARGEST_MESSAGE
    """Bytes of a message (RFC 1870)."""
    recipients: int = 100
    """Recipients of a message (RFC 5321, 4.5.3.1.8: no fewer)."""
    conversations: int = 50
    """Conversations at a time."""
    unfinished: int = 160 * 2**20
    """Bytes of all messages that are being read or wait to be recorded."""
    idle: float = 60.0
    """Seconds to wait for a command, or for the next 64 KiB of a message."""
    whole: float = 600.0
    """Seconds that a message may take to arrive."""


class Room:
    """The bytes that a gateway holds of unrecorded messages, in all conversations together."""

    def __init__(self, size: int) -> None:
        self._free = size

    @contextmanager
    def share(self) -> Iterator[Share]:
        """The room of one message. It is free again at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.release()

    def take(self, size: int) -> bool:
        """Take bytes; False when there are not enough."""
        if size > self._free:
            return False
        self._free -= size
        return True


class Share:
    """The room that one message takes."""

    def __init__(self, room: Room) -> None:
        self._room, self._size = room, 0

    def take(self, size: int) -> bool:
        """Take more bytes; False when there are not enough."""
        taken = self._room.take(size)
        self._size += size if taken else 0
        return taken

    def release(self) -> None:
        """Give all of it back."""
        self._room.take(-self._size)
        self._size = 0
