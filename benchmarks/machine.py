"""What benchmarks stand on: a folder, a durable server in it, the speed of its disk, processes that end with us."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.programs import find_binaries
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate

ROOT = Path(__file__).resolve().parents[1]
_START = 60.0
"""Seconds a process may take to start, and to end."""
_FDATASYNC = re.compile(r"^\s+fdatasync\s+([\d.]+) ops/sec")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one benchmark, open to the server's unprivileged user."""
    folder = Path(tempfile.mkdtemp(prefix="cl-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def durable_database(folder: Path) -> Iterator[Database]:
    """The desk's embedded server with its usual settings, fsync included, migrated."""
    with embedded_server(folder, fsync=True) as conninfo:
        database = Database(conninfo, embedded=True)
        migrate(database)
        yield database


def fdatasync_per_s(folder: Path) -> float:
    """How often the folder's disk can be waited for: `pg_test_fsync`, one 8 kB write, 2 seconds.

    Raises RuntimeError where fdatasync is not to be had.
    """
    command = [str(find_binaries(None) / "pg_test_fsync"), "-s", "2", "-f", str(folder / "pg_test_fsync")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if told := _FDATASYNC.match(line):
                    return float(told[1])
        finally:
            process.terminate()  # the other methods are of no interest; it removes its file
    raise RuntimeError("pg_test_fsync tells no rate of fdatasync")


@contextmanager
def served(*arguments: str | Path) -> Iterator[int]:
    """A Python module of ours as a server process of its own, started without settings of the environment.

    Yields the port it says it is ready on.
    """
    command = [sys.executable, "-m", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    impatience = threading.Timer(_START, process.kill)
    impatience.start()
    try:
        assert process.stdout is not None
        ready = re.match(r"READY http://.*:(\d+)$", process.stdout.readline().rstrip())
        impatience.cancel()
        if ready is None:
            raise RuntimeError(f"{' '.join(command)} does not start")
        yield int(ready[1])
    finally:
        impatience.cancel()
        process.terminate()
        process.communicate(timeout=_START)


def technician_token(folder: Path) -> str:
    """A token of a technician on the desk whose data are there."""
    command = [sys.executable, "-m", "api.cli", "token", "--role", "technician", "--subject", "a.ortiz"]
    command += ["--data-dir", str(folder)]
    told = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.strip()


def environment() -> dict[str, str]:
    """Ours without the desk's settings: a benchmark never touches an operator's database."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CASELEDGER_")}


@contextmanager
def two_cores() -> Iterator[None]:
    """Keep this process, and whatever it starts, on two cores, so that figures of larger machines compare."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:2])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
