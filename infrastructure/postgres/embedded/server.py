"""A PostgreSQL server in the data directory: its first user starts it, others join, the last one stops it.

File locks count the users, since a lock ends with its process: each user holds `postgres.users` shared, and each start
or stop holds `postgres.lock` alone.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo
from psycopg.pq import Ping

from infrastructure.files import sync_folder
from infrastructure.postgres.embedded import server_log
from infrastructure.postgres.embedded.account import Account, account_for, open_way
from infrastructure.postgres.embedded.cluster import finish_replacement, is_half_replaced, require_same_major
from infrastructure.postgres.embedded.ping import ping
from infrastructure.postgres.embedded.programs import ServerUnavailable, copied, find_binaries

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 103
"""Bytes of a socket's path on macOS; Linux allows 107."""

INITDB = (
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"),
    *("--data-checksums", "--auth=trust", "--username=postgres"),
)
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",  # an API process takes 51 at most, each worker about 10
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "wal_level": "replica",
    "max_wal_senders": "4",  # a backup takes two
    "summarize_wal": "on",  # for incremental backups
    "hot_standby": "off",  # a restored server is ready once it takes writes
    "wal_recycle": "off",  # a reused segment keeps the end of its old content, erased data included
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@contextmanager
def embedded_server(data_dir: Path, *, binaries: Path | None = None, fsync: bool = True) -> Iterator[str]:
    """Use the server of a data directory; yields a superuser's libpq connection string.

    ``binaries`` is a folder with `postgres` and `initdb` (default: `find_binaries`). ``fsync=False`` gives up durability,
    for tests. Both matter only where this user starts the server. Raises ServerUnavailable.
    """
    data_dir = data_dir.resolve()
    try:
        if is_half_replaced(data_dir):
            with alone(data_dir):
                finish_replacement(data_dir)
        account = account_for(data_dir)
        open_way(data_dir, account)
        users = (data_dir / "postgres.users").open("a")
    except OSError as error:
        raise ServerUnavailable(f"{data_dir}: cannot be used ({error}); choose another --data-dir") from error
    with users:
        try:
            with alone(data_dir):
                fcntl.flock(users, fcntl.LOCK_SH)
                conninfo = _ready(data_dir) or start(data_dir, account, binaries, fsync)
            yield conninfo
        finally:
            with alone(data_dir):
                fcntl.flock(users, fcntl.LOCK_UN)
                with suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    stop(data_dir)


def revive(data_dir: Path, *, binaries: Path | None = None, fsync: bool = True) -> None:
    """Restart the server if it has died under its users; one of them calls this. Raises ServerUnavailable."""
    data_dir = data_dir.resolve()
    with alone(data_dir):
        if running_server(data_dir) is None and _ready(data_dir) is None:
            start(data_dir, account_for(data_dir), binaries, fsync)


def running_server(data_dir: Path) -> str | None:
    """The connection string of a data directory's server; None unless it accepts connections."""
    data_dir = data_dir.resolve()
    lines = _pid_file(data_dir)
    ready = len(lines) >= 8 and lines[7].strip() == "ready" and _postmaster(data_dir) is not None
    return _conninfo(lines[4]) if ready and _ping(lines[4]) is Ping.OK else None


def make_socket_folder(data_dir: Path, account: Account) -> Path:
    """Make the private folder of the server's socket. Raises ServerUnavailable, OSError."""
    folder = _socket_folder(data_dir)
    open_way(folder.parent, account)
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid in {account.uid, os.geteuid()}
    if not ours or status.st_mode & 0o077:  # its name can be guessed: another account may have made it first
        raise ServerUnavailable(f"{folder} must be a private folder of our own, since the socket lies in it; remove it")
    os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    return folder


def _socket_folder(data_dir: Path) -> Path:
    beside = data_dir / "socket"
    if len(os.fsencode(beside / SOCKET)) <= SOCKET_PATH_LIMIT and "," not in str(beside):  # a list
        return beside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()
    return Path(tempfile.gettempdir(), f"caseledger-{digest[:16]}")


# Start and stop, under the lock


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Start, stop or restore the server of a data directory while nobody else does."""
    with (data_dir / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start(data_dir: Path, account: Account, binaries: Path | None, fsync: bool) -> str:
    """Start the server. Returns its connection string. Raises ServerUnavailable."""
    programs = find_binaries(binaries)
    require_same_major(data_dir, programs)  # before anything is touched
    try:
        process = _spawn_server(data_dir, account, programs, fsync)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServerUnavailable(f"{data_dir}: PostgreSQL fails: {error}{server_log.tail(data_dir)}") from error
    # Reaped whenever it ends: the pid of a zombie would pass for a running server's.
    threading.Thread(target=process.wait, name="postgres-reaper", daemon=True).start()
    try:
        conninfo = _ready(data_dir, process)
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    if conninfo is None:
        raise ServerUnavailable(f"{data_dir}: PostgreSQL ended as it started{server_log.tail(data_dir)}")
    return conninfo


def _spawn_server(data_dir: Path, account: Account, binaries: Path, fsync: bool) -> subprocess.Popen[bytes]:
    for leftover in data_dir.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if not account.may_run(binaries):
        binaries = copied(binaries, data_dir)
    sockets = make_socket_folder(data_dir, account)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)}
    settings |= {"fsync": "on"} if fsync else {"fsync": "off", "full_page_writes": "off"}
    server_log.turn(data_dir)
    with server_log.path_in(data_dir).open("ab") as log:
        cluster = data_dir / "cluster"
        if not cluster.exists():
            initialise(cluster, account, binaries, log, fsync)
        _clear_remains(data_dir, sockets)
        options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return account.spawn(log, binaries / "postgres", "-D", cluster, *options)


def initialise(cluster: Path, account: Account, binaries: Path, log: IO[bytes], fsync: bool) -> None:
    """Make an empty cluster. Raises CalledProcessError, OSError; then there is none."""
    # A new name each time: an initdb that outlived its caller may still write to its folder.
    side = tempfile.mkdtemp(prefix=".new-", dir=cluster.parent)
    os.chown(side, account.uid, account.gid)
    sync = () if fsync else ("--no-sync",)
    with account.spawn(log, binaries / "initdb", "-D", side, *INITDB, *sync) as initdb:
        if initdb.wait() != 0:
            raise subprocess.CalledProcessError(initdb.returncode, "initdb")
    Path(side).rename(cluster)
    if fsync:  # a rename lost with the power would take every later commit with it
        sync_folder(cluster.parent)


def _clear_remains(data_dir: Path, sockets: Path) -> None:
    """Wait for the last processes of a killed server, and remove its pid file where the pid is another program's now.

    PostgreSQL replaces the pid file of a dead process, but takes a reused pid for a running server.
    """
    for _ in _tries():
        pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        if not (busy := [pid for pid in pids if _is_server(pid, data_dir)]):
            break
    else:
        raise ServerUnavailable(f"{data_dir}: processes {busy} of a killed PostgreSQL still use it; end them")
    if _ping(sockets) in (Ping.OK, Ping.REJECT):  # the socket answers, though no visible process is the server
        raise ServerUnavailable(f"{data_dir}: a server in another container uses it; stop that one")
    with suppress(ProcessLookupError, PermissionError):  # PostgreSQL itself replaces the files of dead processes
        if pid := _pid(data_dir):
            os.kill(pid, 0)
        (data_dir / "cluster" / "postmaster.pid").unlink(missing_ok=True)
        (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)


def _ready(data_dir: Path, process: subprocess.Popen[bytes] | None = None) -> str | None:
    """The connection string once the server, running or just spawned, is ready; None if there is none or it ends.

    Recovery may take long. It has failed after a minute without a new line in the log. Raises ServerUnavailable.
    """
    seen = None
    while seen != (seen := server_log.tail(data_dir)):
        for _ in _tries():
            if conninfo := running_server(data_dir):
                return conninfo
            if _postmaster(data_dir) is None if process is None else process.poll() is not None:
                return None
    raise ServerUnavailable(f"{data_dir}: PostgreSQL does not become ready{seen}")


def stop(data_dir: Path) -> None:
    """Stop the server if it runs. Raises ServerUnavailable."""
    if (pid := _postmaster(data_dir)) is None:
        return
    os.kill(pid, signal.SIGINT)  # fast shutdown
    for _ in _tries():
        if not _is_server(pid, data_dir):
            break
    else:
        raise ServerUnavailable(f"{data_dir}: PostgreSQL (pid {pid}) does not stop{server_log.tail(data_dir)}")
    with suppress(OSError):
        _socket_folder(data_dir).rmdir()


def _tries() -> Iterator[None]:
    """Fifty tries a second, for a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        yield
        time.sleep(0.02)


# The pid file, and whether it is right


def _pid_file(data_dir: Path) -> list[str]:
    """Pid, data directory, start time, port, socket folder, address, shared memory, status; fewer lines at first."""
    try:
        return (data_dir / "cluster" / "postmaster.pid").read_text(errors="replace").splitlines()
    except OSError:
        return []


def _pid(data_dir: Path) -> int | None:
    first = "".join(_pid_file(data_dir)[:1])
    return int(first) if re.fullmatch(r"[1-9]\d{0,8}", first) else None


def _postmaster(data_dir: Path) -> int | None:
    pid = _pid(data_dir)
    return pid if pid and _is_server(pid, data_dir) else None


def _is_server(pid: int, data_dir: Path) -> bool:
    """Whether a pid is a live PostgreSQL of this data directory, and not another program by now."""
    if not Path("/proc/self").exists():
        return _ping(_socket_folder(data_dir)) in (Ping.OK, Ping.REJECT)
    try:
        name = Path(f"/proc/{pid}/comm").read_text()
        return "postgres" in name and (data_dir / "cluster").samefile(f"/proc/{pid}/cwd")
    except OSError:
        return False


def _ping(sockets: str | Path) -> Ping:
    return ping(Path(sockets) / SOCKET)


def _conninfo(sockets: str | Path) -> str:
    return make_conninfo(host=str(sockets), port="5432", user="postgres", dbname="postgres")
