"""Uncaught errors: each is logged, and counted in this process's metrics."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

import structlog

log = structlog.get_logger()


class Faults:
    """Counts of errors, by place."""

    def __init__(self) -> None:
        self._counts, self._guard = Counter[str](), threading.Lock()

    def add(self, where: str, error: BaseException) -> None:
        """Log an error with its traceback, and count it."""
        with self._guard:
            self._counts[where] += 1
        log.error("uncaught error", where=where, exc_info=error)

    def counts(self) -> Mapping[str, int]:
        """Counts so far, by place."""
        with self._guard:
            return dict(self._counts)


FAULTS = Faults()
"""The faults of this process. A dying thread or an unawaited task has no other place to report to."""


def watch_threads() -> None:
    """Report every thread that dies from an error."""

    def ended(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            FAULTS.add(f"thread {args.thread.name if args.thread else '?'}", args.exc_value)

    threading.excepthook = ended
