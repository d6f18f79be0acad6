"""Doing once what is asked twice (http.md, Idempotency)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from eventsourcing.persistence import OperationalError, PersistenceError

from application.execution.requests import ApplicationError, Committed, Idempotency, KeyInProgress, KeyReused, Request
from application.ports import KeyTaken, Register
from domain.aggregate import Root
from domain.errors import DomainError

_PATIENCE = 8.0
"""Seconds that a repetition waits for the first request to be answered."""


class Keys:
    """The keys being worked on in this process; those answered are in the store, committed with their events."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._working: dict[bytes, threading.Event] = {}
        self._guard = threading.Lock()

    def once(self, request: Request, run: Callable[[], Committed], *, fresh: bool = False) -> Committed:
        """Run a command, or answer as it was answered before. Raises KeyReused, KeyInProgress, and what it raises.

        A command on ``fresh`` ground, such as logging a case, needs no look before: a key that is taken is refused
        under the lock, and nothing else of an earlier run is in its way.
        """
        key = request.idempotency
        if key is None:
            return run()
        done = self._enter(key)
        try:
            if not fresh and (before := self._answered(key)) is not None:
                return before
            try:
                return run()
            except OperationalError:
                raise  # who cannot be reached has no answer either
            except (KeyTaken, DomainError, ApplicationError, PersistenceError):
                # Another process may have done it since we looked: then its answer is the answer.
                if (before := self._answered(key)) is not None:
                    return before
                raise
        finally:
            with self._guard:
                del self._working[key.key]
            done.set()

    def _enter(self, key: Idempotency) -> threading.Event:
        end = time.monotonic() + _PATIENCE
        while True:
            with self._guard:
                if (first := self._working.get(key.key)) is None:
                    return self._working.setdefault(key.key, threading.Event())
            if not first.wait(end - time.monotonic()):
                raise KeyInProgress("the first request with this key is still being worked on")

    def _answered(self, key: Idempotency) -> Committed | None:
        kept = self._register.answer(key.key)
        if kept is None:
            return None
        if kept.request != key.request:
            raise KeyReused("this key was used for another request")
        history = self._register.history(kept.originator_id, until=kept.version)
        root: Root | None = None
        for entry in history:
            root = entry.event.mutate(root)
        assert root is not None
        return Committed(root, kept.position, replayed=True)
