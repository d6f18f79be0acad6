"""The transparency log: sealing, verifying and proving at a million leaves; what it costs appends, and how fresh it is.

Rows `seal_events_per_s`, `verify_events_per_s`, `proof_ms`, `unsealed_age_p99_s`, `append_while_sealing`, in one run on one
durable server; the sealer of the last two is the process that `serve` runs.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import psycopg

from api.interpreter import tune_interpreter
from benchmarks.commands import commands
from benchmarks.machine import ROOT, durable_database, environment, scratch
from benchmarks.rows import Row, main
from benchmarks.stores import Ours, superuser
from infrastructure.postgres.database import Database
from infrastructure.postgres.recorder import LedgerFactory
from infrastructure.transparency.formats.leaf import parse_leaf
from infrastructure.transparency.formats.merkle import inclusion_proof, leaf_hash, root_by_inclusion
from infrastructure.transparency.log_reader import LogReader
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.transparency.verification.findings import Findings
from infrastructure.transparency.verification.sealed_logs import check_logs

EVENTS = 1_000_000
PROOFS = 1_000
WRITERS, SECONDS, ROUNDS = 32, 4, 3
_FILL = """INSERT INTO ledger.stored_events (originator_id, originator_version, topic, state)
           SELECT uuidv7(), 1, 'case.logged', %s FROM generate_series(1, %s)"""
_AGES = """
    SELECT extract(epoch FROM (SELECT min(c.sealed_at) FROM tlog.checkpoints c WHERE c.position >= e.notification_id)
                              - e.recorded_at)::float8
    FROM ledger.stored_events e
    WHERE e.notification_id > %s AND e.notification_id %% 7 = 0
      AND e.notification_id <= (SELECT max(position) FROM tlog.checkpoints)
"""


def measure() -> Iterator[Row]:
    """All rows about the log; takes about two minutes."""
    tune_interpreter()
    with scratch() as folder:
        with durable_database(folder / "million") as database:
            yield from _at_a_million(database, folder)
        with durable_database(folder / "appending") as database:
            yield from _while_appending(database, folder / "appending")


def _at_a_million(database: Database, folder: Path) -> Iterator[Row]:
    state = commands(1)[0].event.state
    with psycopg.connect(superuser(database), autocommit=True) as filling:
        filling.execute(_FILL.encode(), (state, EVENTS))
        filling.execute("VACUUM ANALYZE ledger.stored_events")
    safe = SealerFolder(folder / "sealer")
    note = f"{EVENTS:,} events of {len(state)} bytes"
    began = time.perf_counter()
    with database.connect("sealer") as connection:
        sealer = Sealer(connection, safe, "bench.example/log")
        sealer.resume()
        while sealer.seal():
            pass
    yield Row("seal_events_per_s", EVENTS / (time.perf_counter() - began), "1/s", goal=50_000, note=note)
    with database.connect("auditor") as connection, connection.transaction():
        findings, began = Findings(), time.perf_counter()
        (log,) = check_logs(connection, safe.verifiers(), {}, findings, lambda _: None)
        spent = time.perf_counter() - began
        if findings.found or log.size != EVENTS:
            raise RuntimeError(f"the log does not verify: {findings.found[:3]}")
    told = (
        f"{note}: rows, leaves, tiles, {findings.checked['checkpoints']} checkpoints; views are `rebuild_events_per_s`"
    )
    yield Row("verify_events_per_s", EVENTS / spent, "1/s", goal=150_000, note=told)
    yield _proofs(database, log.root)


def _proofs(database: Database, root: bytes) -> Row:
    """From an event's position to a proof that holds; each with a reader of its own, so that nothing is remembered."""
    chance, taken = random.Random(1), []
    with database.connect("api") as connection:
        for position in (chance.randint(1, EVENTS) for _ in range(PROOFS)):
            began = time.perf_counter()
            reader = LogReader(connection, 1)
            index, leaf = reader.leaf_at(position)
            proof = inclusion_proof(index, EVENTS, reader.hashes)
            taken.append((time.perf_counter() - began) * 1000)
            if (
                parse_leaf(leaf).position != position
                or root_by_inclusion(leaf_hash(leaf), index, EVENTS, proof) != root
            ):
                raise RuntimeError(f"the proof of position {position} does not hold")
    p99 = statistics.quantiles(taken, n=100)[98]
    note = f"mean of {PROOFS} by position at {EVENTS:,} leaves, nothing cached; p99 {p99:.2f} ms"
    return Row("proof_ms", statistics.mean(taken), "ms", goal=5, at_most=True, note=note)


def _while_appending(database: Database, folder: Path) -> Iterator[Row]:
    alone = sealing = 0.0
    for _ in range(ROUNDS):  # in turns, so that neither has the better hour
        alone = max(alone, Ours(database).rate(WRITERS, SECONDS))
        with _sealer(folder):
            sealing = max(sealing, Ours(database).rate(WRITERS, SECONDS))
    yield Row(
        "append_while_sealing", sealing, "appends/s", alone, "the same without a sealer", 0.9, note=f"{WRITERS} writers"
    )
    with _sealer(folder):
        ages = _ages_at(database, sealing / 2)
    note = f"at {sealing / 2:,.0f} appends/s for {SECONDS} s; p50 {statistics.median(ages):.3f} s, {len(ages)} sampled"
    yield Row("unsealed_age_p99_s", statistics.quantiles(ages, n=100)[98], "s", goal=1, at_most=True, note=note)


def _ages_at(database: Database, rate: float) -> list[float]:
    """Seconds from an event's recording to its seal, while so many a second are appended."""
    with psycopg.connect(superuser(database), autocommit=True) as asking:
        _wait_until_sealed(asking)
        first = asking.execute("SELECT max(notification_id) FROM ledger.stored_events").fetchone()
        assert first is not None
        share = commands(int(rate * SECONDS) // WRITERS)
        with LedgerFactory(database) as factory:
            recorder = factory.application_recorder()
            began = time.perf_counter()

            def write(place: int) -> None:
                for turn, command in enumerate(commands(len(share))):
                    pause = began + (turn + place / WRITERS) * WRITERS / rate - time.perf_counter()
                    if pause > 0:
                        time.sleep(pause)
                    recorder.insert_events([command.event], answered=command.answered)

            threads = [threading.Thread(target=write, args=(place,)) for place in range(WRITERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        _wait_until_sealed(asking)
        return [age for (age,) in asking.execute(_AGES.encode(), first).fetchall()]


def _wait_until_sealed(asking: psycopg.Connection[tuple[object, ...]]) -> None:
    behind = "SELECT (SELECT max(notification_id) FROM ledger.stored_events) > coalesce(max(position), 0) FROM tlog.checkpoints"
    while asking.execute(behind.encode()).fetchone() == (True,):
        time.sleep(0.05)


@contextmanager
def _sealer(folder: Path) -> Iterator[None]:
    """The sealer's own process, on the data directory of the running server."""
    command = [sys.executable, "-m", "api.cli.processes.sealer", "--tethered"]
    given = {**environment(), "CASELEDGER_DATA_DIR": str(folder)}
    with subprocess.Popen(command, cwd=ROOT, env=given, stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main({"ledger": measure}, __doc__)
