"""SOP 5.1: a message that fails whenever it is handed in waits for a person after some tries, unread (R-5.1d).

The sender keeps the message until then and hands it in again: a fault that passes costs nothing.
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
"""The store is away, others are at the same, or the sender may not: no message is to blame."""
_REMEMBERED = 1_000
TRIES = 5

T = TypeVar("T")
log = structlog.get_logger()


def is_its_own_fault(error: Exception) -> bool:
    """Whether a message failed for a reason that lies in it: the next one may be taken all the same."""
    return not isinstance(error, _NOT_ITS_FAULT)


class Failures:
    """Counts by the digest of its bytes how often a message has failed. Belongs to one event loop."""

    def __init__(self, limit: int = TRIES) -> None:
        self._limit = limit
        self._failed: OrderedDict[bytes, int] = OrderedDict()

    async def guarded(self, raw: bytes, take: Callable[[], Awaitable[T]], take_unread: Callable[[], Awaitable[T]]) -> T:
        """Take a message in; after too many failures of its own, unread. Raises what ``take`` raises before that."""
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
