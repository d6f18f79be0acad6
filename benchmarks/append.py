"""Durable appends: the desk's event store against the library's and against `pgbench`, in one run on one server.

Rows `append_vs_library` and `append_vs_pgbench` at 32 writers (with `_1` and `_8` to inform), `fdatasync_per_s`, and
`tail_missed`. The three take turns over several rounds, and each one's best round counts.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import psycopg

from api.interpreter import tune_interpreter
from benchmarks import tail
from benchmarks.machine import durable_database, fdatasync_per_s, scratch
from benchmarks.rows import Row, main
from benchmarks.stores import Library, Ours, Pgbench, Store, superuser
from infrastructure.postgres.database import Database

WRITERS = (1, 8, 32)
ROUNDS = 3
SECONDS = 2

BASELINES = {
    Library.name: f"eventsourcing {version('eventsourcing')} PostgresApplicationRecorder",
    Pgbench.name: "pgbench -M prepared -j 2, single-row inserts",
}

Rates = dict[tuple[str, int], float]


def measure() -> Iterator[Row]:
    """All rows about appending; takes about 80 seconds."""
    tune_interpreter()
    with scratch() as folder, durable_database(folder) as database:
        disk = fdatasync_per_s(folder)
        yield Row("fdatasync_per_s", disk, "1/s", note="pg_test_fsync, one 8 kB write, where the database lies")
        best = _best((Library(database), Pgbench(database, folder), Ours(database)))
        _check_bytes(database)
        goals = {Library.name: 5.0, Pgbench.name: pgbench_goal(disk)}
        for name, goal in goals.items():
            for writers in reversed(WRITERS):
                yield _row(best, name, writers, goal, disk)
        yield from tail.measure_on(database)


def pgbench_goal(disk: float) -> float:
    """What share of pgbench's rate to reach: 0.80 on a disk of up to 1,500 fdatasync/s, 0.30 from 3,000/s on.

    A slow disk hides our time behind its own, so the more is asked; in between the goal goes down in a line.
    """
    slow, fast = 1_500, 3_000
    fastness = min(max((disk - slow) / (fast - slow), 0.0), 1.0)
    return round(0.80 - 0.50 * fastness, 2)


def _best(stores: Sequence[Store]) -> Rates:
    best: Rates = {}
    for _ in range(ROUNDS):
        for writers in WRITERS:
            for store in stores:
                gc.collect()
                rate = store.rate(writers, SECONDS)
                best[store.name, writers] = max(rate, best.get((store.name, writers), 0.0))
    return best


def _row(best: Rates, name: str, writers: int, goal: float, disk: float) -> Row:
    most = writers == max(WRITERS)
    return Row(
        f"append_vs_{name}" if most else f"append_vs_{name}_{writers}",
        best[Ours.name, writers],
        "appends/s",
        best[name, writers],
        BASELINES[name],
        goal if most else None,
        note=f"{writers} writer{'s' * (writers > 1)}, {disk:,.0f} fdatasync/s",
    )


def _check_bytes(database: Database) -> None:
    """The comparison is void unless all three stored the same bytes."""
    with psycopg.connect(superuser(database)) as connection:
        states = connection.execute(
            "SELECT state FROM library.stored_events UNION SELECT state FROM bench.stored_events"
            " UNION SELECT state FROM ledger.stored_events"
        ).fetchall()
    if len(states) != 1:
        raise RuntimeError("the three stores did not store the same bytes")


if __name__ == "__main__":
    main({"append": measure}, __doc__)
