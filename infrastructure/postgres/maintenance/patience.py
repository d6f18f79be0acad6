"""A change of tables that readers hold: tried again until nobody is in the way, so that nobody waits behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

_PAUSE = 0.2
"""Seconds between two tries."""

T = TypeVar("T")


def change_patiently(connection: psycopg.Connection[Any], change: Callable[[], T], seconds: float | None = None) -> T:
    """Make a change in one transaction. While others hold what it changes, try again for so many seconds, or for ever.

    Raises LockNotAvailable or DeadlockDetected when the time is over.
    """
    end, pause = None if seconds is None else time.monotonic() + seconds, threading.Event()
    while True:
        try:
            with connection.transaction():
                return change()
        except (LockNotAvailable, DeadlockDetected):
            if end is not None and time.monotonic() > end:
                raise
        pause.wait(_PAUSE)
