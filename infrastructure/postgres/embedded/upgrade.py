"""The embedded server's data, brought to a newer major version of PostgreSQL by its own `pg_upgrade`.

The new cluster is made beside the old one, from a copy of its files, and is started once. Then it takes the old one's
place. The old cluster stays as it was, under another name.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres.embedded.account import Account, account_for
from infrastructure.postgres.embedded.cluster import (
    SIDE,
    cluster_major,
    finish_replacement,
    kept_cluster,
    kept_clusters,
    replace_cluster,
    require_same_major,
)
from infrastructure.postgres.embedded.programs import copied, find_binaries, major_of
from infrastructure.postgres.embedded.server import alone, embedded_server, initialise, make_socket_folder, start, stop

_REPORTS = "pg_upgrade_output.d"
_TOLD = 4_000
"""Characters of a program's last words that an error repeats."""


class UpgradeFailed(Exception):
    """The data cannot be upgraded, and are as they were. The message says why."""


@dataclass(frozen=True)
class Upgrade:
    """What became of the data of one major version."""

    version: int
    """The major version that they are of now."""
    kept: Path
    """Where the data from before are."""


@dataclass(frozen=True)
class _Work:
    """An upgrade under its lock, which every program that it starts holds too."""

    data_dir: Path
    account: Account
    lock: int
    fsync: bool

    @property
    def side(self) -> Path:
        return self.data_dir / SIDE

    def run(self, *command: str | Path) -> None:
        """Run a program in the side folder. Raises UpgradeFailed with its last words; nothing of it runs on."""
        output = self.side / "output"
        with output.open("wb") as said:
            process = self.account.spawn(said, *command, folder=self.side, descriptors=(self.lock,))
        try:
            code = process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        if code != 0:
            words = output.read_text(errors="replace")[-_TOLD:].strip()
            raise UpgradeFailed(f"{Path(command[0]).name}: {words or f'exit code {code}'}")

    def runnable(self, binaries: Path, folder: Path) -> Path:
        return binaries if self.account.may_run(binaries) else copied(binaries, folder)


def upgrade(
    data_dir: Path, old_binaries: Path, binaries: Path | None = None, *, fsync: bool = True, even_if_equal: bool = False
) -> Upgrade:
    """Bring the data to the major version of ``binaries`` (default: `find_binaries`). It takes the time and room of a copy.

    ``old_binaries`` are the programs that the data are of. ``fsync=False`` and ``even_if_equal`` are for tests. What a
    killed upgrade left is finished or done again. Raises UpgradeFailed, ServerUnavailable, OSError.
    """
    data_dir = data_dir.resolve()
    with _alone(data_dir) as lock:
        if finish_replacement(data_dir):
            return Upgrade(cluster_major(data_dir) or 0, kept_clusters(data_dir)[-1])
        new, old = find_binaries(binaries), old_binaries.absolute()
        _check(data_dir, old, new, even_if_equal=even_if_equal)
        work = _Work(data_dir, account_for(data_dir), lock, fsync)
        _clear(work)
        try:
            _make_new(work, old, new)
        except UpgradeFailed:
            _clear(work, but=_REPORTS)
            raise
        except BaseException:
            _clear(work)
            raise
        made = Upgrade(major_of(new) or 0, kept_cluster(data_dir))
        replace_cluster(data_dir)
        return made


@contextmanager
def _alone(data_dir: Path) -> Iterator[int]:
    """While nobody uses the data directory. Yields the descriptor of the lock. Raises UpgradeFailed."""
    with (data_dir / "upgrade.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # programs of a killed upgrade hold it too, as long as they run
            raise UpgradeFailed(f"programs of another upgrade hold {lock.name}; wait until they end") from None
        with alone(data_dir), (data_dir / "postgres.users").open("a") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UpgradeFailed(f"a desk runs in {data_dir}; stop it first") from None
            yield lock.fileno()


def _check(data_dir: Path, old: Path, new: Path, *, even_if_equal: bool) -> None:
    """Raise UpgradeFailed or ServerUnavailable unless there is something to do that can be done."""
    before, after, programs = cluster_major(data_dir), major_of(new) or 0, major_of(old)
    if before is None:
        raise UpgradeFailed(f"{data_dir / 'cluster' / 'PG_VERSION'} names no version of PostgreSQL")
    if before > after:
        require_same_major(data_dir, new)
    if before == after and not even_if_equal:
        raise UpgradeFailed(f"nothing to do: {data_dir} holds data of PostgreSQL {before}, and this is {after}")
    if programs != before:
        found = "no PostgreSQL" if programs is None else f"PostgreSQL {programs}"
        raise UpgradeFailed(f"there is {found} in {old}; --old-binaries needs the programs of {before}")
    if (kept := kept_cluster(data_dir)).exists():
        raise UpgradeFailed(f"{kept} is there from an earlier upgrade; move it away or delete it")


def _make_new(work: _Work, old: Path, new: Path) -> None:
    """Make the new cluster in the side folder, whole, on the disk, and with statistics."""
    start(work.data_dir, work.account, old, work.fsync)  # recovers what a killed server, or a restore, left
    stop(work.data_dir)
    work.side.mkdir(mode=0o700)
    os.chown(work.side, work.account.uid, work.account.gid)
    old, new = work.runnable(old, work.data_dir), work.runnable(new, work.side)
    with (work.side / "initdb").open("ab") as log:
        try:
            initialise(work.side / "cluster", work.account, new, log, work.fsync)
        except subprocess.CalledProcessError as error:
            raise UpgradeFailed(f"initdb: {Path(log.name).read_text()[-_TOLD:].strip()}") from error
    work.run(
        *(new / "pg_upgrade", "--copy", "--username=postgres", "--old-port=5432", "--new-port=5432"),
        *("--old-bindir", old, "--old-datadir", work.data_dir / "cluster"),
        *("--new-bindir", new, "--new-datadir", work.side / "cluster"),
        *("--socketdir", make_socket_folder(work.side, work.account)),
        *(() if work.fsync else ("--no-sync",)),
    )
    (work.side / "delete_old_cluster.sh").unlink(missing_ok=True)  # it would delete whatever has the name by then
    with embedded_server(work.side, binaries=new, fsync=work.fsync) as conninfo:
        given = conninfo_to_dict(conninfo)
        where = [f"--{name}={given[part]}" for name, part in (("host", "host"), ("port", "port"), ("username", "user"))]
        work.run(new / "vacuumdb", "--all", "--analyze-only", "--quiet", *where)


def _clear(work: _Work, but: str | None = None) -> None:
    """Stop the servers of both clusters, and delete the new one, but for the reports that an error refers to."""
    stop(work.data_dir)
    stop(work.side)
    if but is None:
        shutil.rmtree(work.side, ignore_errors=True)
        return
    for path in [*work.side.glob("*"), *work.side.glob("cluster/*")]:
        if path.is_file():
            path.unlink()
        elif path.name not in {"cluster", but}:
            shutil.rmtree(path)
