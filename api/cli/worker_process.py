"""How a background process lasts: what fails for now is tried again, and it ends with whoever started it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

import psycopg
import structlog
from eventsourcing.persistence import PersistenceError

from application.execution.requests import ApplicationError
from infrastructure.postgres.workers.operations import Pulse

log = structlog.get_logger()

BACKOFF = (0.2, 1.0, 5.0)
"""Seconds before what has failed is tried again; the last for every further time."""
LATE = 30.0
"""Seconds beyond its promise after which a worker that says nothing is called late."""
POISONED = 3
"""Exit code of a worker that an event halted: starting it again would halt it again."""


def keep(pulse: Pulse, stop: threading.Event, run: Callable[[], None], *fatal: type[Exception]) -> None:
    """Run a worker until told to stop: whatever ends it, it is said, and it starts again, ever more slowly.

    No fault of one worker ends another. Raises ``fatal`` ones only.
    """
    attempt = 0
    while not stop.is_set():
        try:
            run()
        except fatal:
            raise
        except Exception as error:
            passing = isinstance(error, (psycopg.OperationalError, PersistenceError, ApplicationError, OSError))
            log.warning("worker interrupted", worker=pulse.worker, error=str(error), exc_info=not passing)
            wait = BACKOFF[min(attempt, len(BACKOFF) - 1)]
            pulse.fails(error, within=wait + LATE)
            stop.wait(wait)
            attempt += 1
    pulse.leave()


def persist(name: str, stop: threading.Event, run: Callable[[], None], *passing: type[Exception]) -> None:
    """Run until told to stop; what fails for now is tried again, ever more slowly.

    ``passing`` are failures that pass by themselves, beside a database that went away.
    """
    failures: tuple[type[Exception], ...] = (psycopg.OperationalError, *passing)
    attempt = 0
    while not stop.is_set():
        try:
            run()
        except failures as error:
            log.warning("worker interrupted", worker=name, error=str(error))
            stop.wait(BACKOFF[min(attempt, len(BACKOFF) - 1)])
            attempt += 1


def stop_when_told(*, tethered: bool) -> threading.Event:
    """Is set by SIGTERM and SIGINT and, when tethered, by the end of standard input: whoever started us holds the other
    end, and killed outright he lets go of it."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if tethered:
        threading.Thread(target=_until_let_go, args=(stop,), daemon=True).start()
    return stop


def _until_let_go(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not through the buffer: its lock would be held at the end of the process
        pass
    stop.set()
