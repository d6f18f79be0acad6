"""Turns: of the workers of one kind one works, and the others stand by."""

from __future__ import annotations

import threading
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

_SQL = load("turns", "infrastructure.postgres.workers")
_STANDBY = 0.5
"""Seconds between two tries for the turn."""
KEYS = {"processes": 4850712371, "mail": 4850712372, "sealer": 4850712373, "webhooks": 4850712375}
"""The advisory lock of each kind. The projector's is in its own SQL."""


class Turn:
    """The turn of one worker. Its connection holds it, and the end of the session passes it on."""

    def __init__(self, connection: psycopg.Connection[Any], kind: str) -> None:
        self._connection, self._key = connection, KEYS[kind]

    def take(self, stop: threading.Event) -> None:
        """Wait for the turn, or until ``stop`` is set."""
        while not stop.is_set() and not self.is_free():
            stop.wait(_STANDBY)

    def is_free(self) -> bool:
        """Take the turn unless another worker has it; returns whether it is ours."""
        row = self._connection.execute(_SQL["take_turn"], (self._key,)).fetchone()
        return bool(row and row[0])

    def follow_views(self) -> None:
        """Listen for changes of the views. Call it before the first look, so that `wait` misses none."""
        self._connection.execute(_SQL["listen_views"])

    def wait(self, seconds: float) -> None:
        """Sleep until the views have changed, or for so many seconds. Raises psycopg.OperationalError when the turn is lost."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass
