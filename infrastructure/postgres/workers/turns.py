"""Workers of one kind take turns: one works, the others stand by; and they sleep until the views have moved."""

from __future__ import annotations

import threading
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

_SQL = load("turns", "infrastructure.postgres.workers")
_STANDBY = 0.5
KEYS = {"processes": 4850712371, "mail": 4850712372, "sealer": 4850712373}
"""The advisory lock of each kind; the projector's is beside its own statements."""


class Turn:
    """The turn of one worker, held by its connection: it falls to the next when the session ends."""

    def __init__(self, connection: psycopg.Connection[Any], kind: str) -> None:
        self._connection, self._key = connection, KEYS[kind]

    def take(self, stop: threading.Event) -> None:
        """Wait for the turn, or for the end."""
        while not stop.is_set() and not self.is_free():
            stop.wait(_STANDBY)

    def is_free(self) -> bool:
        """Take the turn when nobody has it; says whether it is ours."""
        row = self._connection.execute(_SQL["take_turn"], (self._key,)).fetchone()
        return bool(row and row[0])

    def follow_views(self) -> None:
        """Listen, before the first look: then `wait` misses nothing."""
        self._connection.execute(_SQL["listen_views"])

    def wait(self, seconds: float) -> None:
        """Sleep until the views have moved, at most so long. Raises psycopg.OperationalError when the turn is lost."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass
