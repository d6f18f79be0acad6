"""Errors that nobody caught: each is in the log, and counted for the metrics of this process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

import structlog

log = structlog.get_logger()


class Faults:
    """How many errors there were, by where they were met."""

    def __init__(self) -> None:
        self._counts, self._guard = Counter[str](), threading.Lock()

    def add(self, where: str, error: BaseException) -> None:
        """Log an error with its trace, and count it."""
        with self._guard:
            self._counts[where] += 1
        log.error("uncaught error", where=where, exc_info=error)

    def counts(self) -> Mapping[str, int]:
        """How many there were so far."""
        with self._guard:
            return dict(self._counts)


FAULTS = Faults()
"""Those of this process: a thread that ends, or a task that nobody awaits, knows no other place to say so."""


def watch_threads() -> None:
    """From now on a thread that ends by an error says so."""

    def ended(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            FAULTS.add(f"thread {args.thread.name if args.thread else '?'}", args.exc_value)

    threading.excepthook = ended
