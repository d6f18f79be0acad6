"""SOP 5.1: a message that keeps failing goes unread into the quarantine after some tries (R-5.1d).

Until then the sender keeps it and tries again, so a temporary fault loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

import structlog
from eventsourcing.persistence import InterfaceError, OperationalError

from application.execution.principals import Unauthenticated
from application.execution.requests import Busy
from domain.errors import Forbidden

_NOT_ITS_FAULT = (OperationalError, InterfaceError, OSError, Busy, Forbidden, Unauthenticated)
"""Errors that no message causes: the store is away, a conflict, or a sender without the right."""
_REMEMBERED = 1_000
TRIES = 5

T = TypeVar("T")
log = structlog.get_logger()


def is_its_own_fault(error: Exception) -> bool:
    """Whether the message itself caused the failure. Other messages may then succeed."""
    return not isinstance(error, _NOT_ITS_FAULT)


class Failures:
    """Counts the failures of each message, by the digest of its bytes. Belongs to one event loop."""

    def __init__(self, limit: int = TRIES) -> None:
        self._limit = limit
        self._failed: OrderedDict[bytes, int] = OrderedDict()

    async def guarded(self, raw: bytes, take: Callable[[], Awaitable[T]], take_unread: Callable[[], Awaitable[T]]) -> T:
        """Take a message in, or take it unread after too many failures. Raises what ``take`` raises before that."""
        try:
            return await take()
        except Exception as error:
            if not is_its_own_fault(error) or await self._count(raw) < self._limit:
                raise
            log.error("a message failed too often; it waits in the quarantine", exc_info=error)
            return await take_unread()

    async def _count(self, raw: bytes) -> int:
        key = await asyncio.to_thread(_digest, raw)
        self._failed[key] = tries = self._failed.pop(key, 0) + 1
        if len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)
        return tries


def _digest(raw: bytes) -> bytes:
    return sha256(raw).digest()
