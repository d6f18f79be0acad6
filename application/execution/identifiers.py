"""UUID version 7 (RFC 9562, 5.7): ids that sort by their time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID


def uuid7(at: datetime, chance: bytes) -> UUID:
    """Make an id from a time (milliseconds) and 10 random bytes, or 10 bytes of a digest for a repeatable id."""
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(chance[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
