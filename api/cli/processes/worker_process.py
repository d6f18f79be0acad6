"""How a background process lasts: it tries again after failures, and ends with the process that started it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

import psycopg
import structlog
from eventsourcing.persistence import PersistenceError

from application.execution.requests import ApplicationError
from infrastructure.postgres.workers.operations import Pulse

log = structlog.get_logger()

PAUSES = (0.2, 1.0, 5.0)
"""Seconds before what has failed is tried again; the last for every further time."""
LATE = 30.0
"""Seconds beyond its promise after which a worker that says nothing is called late."""
POISONED = 3
"""Exit code of a worker that an event halted: starting it again would halt it again."""


_PASSING = (psycopg.OperationalError, PersistenceError, ApplicationError, OSError)
"""Failures that pass by themselves. All others are logged with their trace."""


def keep(
    pulse: Pulse,
    stop: threading.Event,
    run: Callable[[], object],
    *,
    fatal: tuple[type[Exception], ...] = (),
    passing: tuple[type[Exception], ...] = (),
    pauses: Sequence[float] = PAUSES,
    rest: float = 0.0,
) -> None:
    """Run a worker until told to stop. Whatever ends it is reported, and it starts again, after ever longer ``pauses``.

    No fault of one worker ends another. ``rest`` is the seconds between two runs that succeed. Raises ``fatal`` errors only.
    """
    failed = 0
    while not stop.is_set():
        try:
            run()
            failed, wait = 0, rest
        except fatal:
            raise
        except Exception as error:
            known = isinstance(error, (*_PASSING, *passing))
            log.warning("worker interrupted", worker=pulse.worker, error=str(error) or repr(error), exc_info=not known)
            wait = pauses[min(failed, len(pauses) - 1)]
            pulse.fails(error, within=wait + LATE)
            failed += 1
        stop.wait(wait)
    pulse.leave()


def persist(name: str, stop: threading.Event, run: Callable[[], None], *passing: type[Exception]) -> None:
    """Run until told to stop. What fails for now is tried again, after ever longer pauses.

    ``passing`` are failures that pass by themselves, beside a database that is away. Any other is raised.
    """
    failures: tuple[type[Exception], ...] = (psycopg.OperationalError, *passing)
    attempt = 0
    while not stop.is_set():
        try:
            run()
        except failures as error:
            log.warning("worker interrupted", worker=name, error=str(error))
            stop.wait(PAUSES[min(attempt, len(PAUSES) - 1)])
            attempt += 1


def stop_when_told(*, tethered: bool) -> threading.Event:
    """An event that SIGTERM and SIGINT set and, when tethered, the end of standard input.

    The process that started us holds the other end: it lets go of it even when it is killed.
    """
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
