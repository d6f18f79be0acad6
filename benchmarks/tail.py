"""Does a reader who tails by position miss an event? Row `tail_missed`: 8 writers in 2 processes, one reader.

The reader asks again and again for what comes after the last position it has seen, and in the end is compared with the
table. Row `tail_missed_without_lock` is the same for the library's database function, which takes no lock: it shows
that the reader would notice.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import psycopg
from eventsourcing.persistence import ApplicationRecorder
from psycopg import sql

from api.interpreter import tune_interpreter
from benchmarks.commands import commands
from benchmarks.machine import durable_database, scratch
from benchmarks.rows import Row, main
from benchmarks.stores import library_factory, superuser
from infrastructure.postgres.database import Database
from infrastructure.postgres.recorder import LedgerFactory

PROCESSES = 2
THREADS = 4
EACH = 600
"""Events of a writer: 4,800 together."""
UNLOCKED = "unlocked"
_PAGE = 1_000


def measure() -> Iterator[Row]:
    """The rows, on a server of their own."""
    tune_interpreter()
    with scratch() as folder, durable_database(folder) as database:
        yield from measure_on(database)


def measure_on(database: Database) -> Iterator[Row]:
    """The rows, on a server that has nothing else to do."""
    with psycopg.connect(superuser(database)) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(UNLOCKED)))
    missed, events = _missed(database, "ledger")
    yield Row("tail_missed", missed, "events", 0, "none missed", goal=0, at_most=True, note=f"of {events:,}")
    missed, events = _missed(database, UNLOCKED)
    note = f"of {events:,}; the library's database function, which takes no lock: the reader notices"
    yield Row("tail_missed_without_lock", missed, "events", note=note)


def _missed(database: Database, schema: str) -> tuple[int, int]:
    """Events the reader did not see, and events written. Raises RuntimeError for a promised one that is not there."""
    with ExitStack() as opened:
        reader = _recorder(opened, database, schema)
        processes = opened.enter_context(ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")))
        first = reader.max_notification_id() or 0
        writing = [processes.submit(_write, database, schema) for _ in range(PROCESSES)]
        seen = _tail(reader, first, writing)
        promised = set().union(*(writer.result() for writer in writing))
    with psycopg.connect(superuser(database)) as connection:
        query = sql.SQL("SELECT notification_id FROM {} WHERE notification_id > %s")
        rows = connection.execute(query.format(sql.Identifier(schema, "stored_events")), (first,)).fetchall()
    complete = {position for (position,) in rows}
    if not promised <= complete:
        raise RuntimeError(f"{len(promised - complete)} events were promised and are not stored")
    return len(complete - seen), len(complete)


def _tail(reader: ApplicationRecorder, last: int, writing: list[Future[set[int]]]) -> set[int]:
    """What the reader sees until the writers have ended and nothing more comes."""
    seen: set[int] = set()
    ended = False
    while True:
        page = reader.select_notifications(last, _PAGE, inclusive_of_start=False)
        seen.update(notification.id for notification in page)
        if page:
            last = page[-1].id
        elif ended:
            return seen
        ended = all(writer.done() for writer in writing)


def _recorder(opened: ExitStack, database: Database, schema: str, tables: str = "yes") -> ApplicationRecorder:
    if schema == "ledger":
        return opened.enter_context(LedgerFactory(database)).application_recorder()
    settings = {"POSTGRES_POOL_SIZE": str(THREADS), "POSTGRES_ENABLE_DB_FUNCTIONS": "yes", "CREATE_TABLE": tables}
    return opened.enter_context(library_factory(database, schema, **settings)).application_recorder()


def _write(database: Database, schema: str) -> set[int]:
    """One process: append from several threads at once; returns the positions it was promised."""
    tune_interpreter()
    with ExitStack() as opened:
        recorder = _recorder(opened, database, schema, tables="no")  # the reader has made them
        with ThreadPoolExecutor(THREADS) as writers:
            done = [writers.submit(_append, recorder, schema) for _ in range(THREADS)]
            return set().union(*(writer.result() for writer in done))


def _append(recorder: ApplicationRecorder, schema: str) -> set[int]:
    """One thread: command after command; the library's recorder is given the event alone."""
    promised: set[int] = set()
    for command in commands(EACH):
        kept = {"answered": command.answered} if schema == "ledger" else {}
        promised.update(recorder.insert_events([command.event], **kept) or ())
    return promised


if __name__ == "__main__":
    main({"tail": measure}, __doc__)
