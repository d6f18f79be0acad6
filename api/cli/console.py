"""Output of commands: plain lines where a program reads, tables and progress bars where a person waits."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, NoReturn

import structlog
import typer
from eventsourcing.persistence import PersistenceError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from application.execution.requests import ApplicationError
from application.faults import watch_threads
from domain.errors import DomainError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

COULD_NOT_RUN = 2
FINDINGS = 1


def could_not_run(why: object) -> NoReturn:
    """Print why in one line and end with exit code 2."""
    err.print(f"caseledger: {why}", style="red", markup=False)
    raise typer.Exit(COULD_NOT_RUN)


@contextmanager
def refusals(*expected: type[Exception]) -> Iterator[None]:
    """Exit 2 when the desk refuses. ``expected`` errors pass: the command itself reports them."""
    try:
        yield
    except expected:
        raise
    except (DomainError, ApplicationError, PersistenceError) as error:
        could_not_run(error)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, default=plain, indent=2) + "\n")


def plain(value: Any) -> Any:
    """A value that JSON has no form for: times in UTC, dates, and everything else as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def printable(text: str) -> str:
    """Text that is safe on a terminal: control characters are replaced."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


@contextmanager
def progress(what: str, total: int | None, *, lines: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal, and elsewhere nothing, or a line for each tenth. Yields the function that advances it."""
    if not err.is_terminal:
        yield _Tenths(what, total).advance if lines and total else lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


class _Tenths:
    """Progress in plain lines."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._told = what, total, 0, 0

    def advance(self, done: int) -> None:
        self._done += done
        if (tenths := self._done * 10 // self._total) > self._told:
            self._told = tenths
            err.print(f"{self._what}: {self._done:,} of {self._total:,}", markup=False)


def configure_logging(level: str = "info") -> None:
    """Log one JSON line an event on standard error, from a level on. Standard output is for answers."""
    watch_threads()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever standard error is by then
        cache_logger_on_first_use=False,
    )
