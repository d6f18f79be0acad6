"""Three event stores on one durable server, each asked how many events a second it takes from so many writers."""

from __future__ import annotations

import asyncio
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import psycopg
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.commands import Command, commands, logged
from infrastructure.postgres.append import Append
from infrastructure.postgres.database import NAME, Database
from infrastructure.postgres.embedded.programs import find_binaries
from infrastructure.postgres.event_store import open_event_store

T = TypeVar("T")

_WARM = 8
"""Appends of each writer before the clock starts: connections are open by then, statements prepared."""
_PATIENCE = 60.0


class Store(Protocol):
    """What is measured."""

    @property
    def name(self) -> str: ...

    def rate(self, writers: int, seconds: int) -> float:
        """Durable appends a second of so many writers at once."""
        ...


class Library:
    """The library's own recorder with its default table lock, as its factory makes it; one event an insert."""

    name = "library"
    SCHEMA = "library"
    FASTEST = 4_000
    """Appends a second that inputs are prepared for, so that none is made while the clock runs. Who runs out of
    them stops the clock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        _execute(database, f"CREATE SCHEMA {self.SCHEMA}")

    def rate(self, writers: int, seconds: int) -> float:
        inputs = [[[command.event] for command in share] for share in _shares(writers, self.FASTEST * seconds)]
        with library_factory(self._database, self.SCHEMA, POSTGRES_POOL_SIZE=str(writers)) as factory:
            return _rate(factory.application_recorder().insert_events, inputs, seconds)


class Pgbench:
    """`pgbench`: prepared single-row inserts of the same bytes, one a transaction, into a table like ours."""

    name = "pgbench"
    SCRIPT = (
        "INSERT INTO bench.stored_events (originator_id, originator_version, topic, state)"
        " VALUES (uuidv7(), 1, 'case.logged', :state);\n"
    )

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._script = database, folder / "append.pgbench"
        self._script.write_text(self.SCRIPT, encoding="utf-8")
        _execute(
            database,
            "CREATE SCHEMA bench;"
            "CREATE TABLE bench.stored_events (LIKE ledger.stored_events INCLUDING ALL);"
            "GRANT USAGE ON SCHEMA bench TO desk_api;"
            "GRANT INSERT (originator_id, originator_version, topic, state) ON bench.stored_events TO desk_api",
        )

    def rate(self, writers: int, seconds: int) -> float:
        state = logged().state.decode("ascii")  # JSON of plain characters is a bytea in its escape format
        command = [str(find_binaries(None) / "pgbench"), "--no-vacuum", "-M", "prepared", "-c", str(writers), "-j", "2"]
        command += ["-T", str(seconds), "-f", str(self._script), "-D", f"state={state}"]
        conninfo = self._database.for_component("api")
        told = subprocess.run([*command, conninfo], capture_output=True, text=True, check=False, timeout=_PATIENCE)
        tps = re.search(r"^tps = ([\d.]+)", told.stdout, re.MULTILINE)
        if told.returncode or tps is None:
            raise RuntimeError(f"pgbench fails: {told.stderr}")
        return float(tps[1])


class Ours:
    """The desk's event store, full commands: an event, its disclosure, the answer kept under its idempotency key.

    Its writers are coroutines of one event loop, as the desk's commands are.
    """

    name = "ours"
    FASTEST = 24_000
    FASTEST_WRITER = 4_000
    """As with the library: of all writers, and of one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rate(self, writers: int, seconds: int) -> float:
        inputs = _shares(writers, min(self.FASTEST, writers * self.FASTEST_WRITER) * seconds)
        return asyncio.run(self._rate(inputs, seconds))

    async def _rate(self, shares: Sequence[Sequence[Command]], seconds: int) -> float:
        async with open_event_store(self._database, "api") as store:

            async def append(command: Command) -> None:
                await store.writers.group.append(Append([command.event], command.answered))

            for place in range(_WARM):
                await asyncio.gather(*(append(share[place]) for share in shares))
            begin = time.perf_counter()
            end = begin + seconds

            async def write(share: Sequence[Command]) -> tuple[int, float]:
                nonlocal end
                for done, command in enumerate(share, start=1):
                    await append(command)
                    if (now := time.perf_counter()) >= end:
                        return done, now
                end = min(end, time.perf_counter())
                return len(share), end

            counted = await asyncio.gather(*(write(share[_WARM:]) for share in shares))
        return sum(done for done, _ in counted) / (max(when for _, when in counted) - begin)


def library_factory(database: Database, schema: str, **settings: str) -> PostgresFactory:
    """The library's factory as its users make it, on the same server; its recorder makes its own tables."""
    known = conninfo_to_dict(database.conninfo)
    names = {
        "POSTGRES_DBNAME": NAME,
        "POSTGRES_HOST": str(known["host"]),
        "POSTGRES_PORT": str(known["port"]),
        "POSTGRES_USER": str(known["user"]),
        "POSTGRES_PASSWORD": "",
        "POSTGRES_SCHEMA": schema,
    }
    return PostgresFactory(Environment("", {**names, **settings}))


def superuser(database: Database) -> str:
    """Where the benchmark itself makes tables and counts rows."""
    return make_conninfo(database.conninfo, dbname=NAME)


def _execute(database: Database, statements: str) -> None:
    with psycopg.connect(superuser(database)) as connection:
        connection.execute(statements.encode())


def _shares(writers: int, count: int) -> list[Sequence[Command]]:
    return [commands(count // writers + _WARM) for _ in range(writers)]


def _rate(append: Callable[[T], object], shares: Sequence[Sequence[T]], seconds: float) -> float:
    """Appends a second of one thread a share, each waiting for the answer before it sends the next."""
    begin = end = 0.0

    def start() -> None:
        nonlocal begin, end
        begin = time.perf_counter()
        end = begin + seconds

    ready = threading.Barrier(len(shares), start, _PATIENCE)

    def write(share: Sequence[T]) -> tuple[int, float]:
        nonlocal end
        for item in share[:_WARM]:
            append(item)
        ready.wait()
        done = 0
        for item in share[_WARM:]:
            append(item)
            done += 1
            if (now := time.perf_counter()) >= end:
                return done, now
        end = min(end, time.perf_counter())
        return done, end

    with ThreadPoolExecutor(len(shares)) as writers:
        counted = list(writers.map(write, shares))
    return sum(done for done, _ in counted) / (max(when for _, when in counted) - begin)
