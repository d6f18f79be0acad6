"""A streaming replica of the tests' server."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from infrastructure.postgres.embedded.account import account_for
from infrastructure.postgres.embedded.programs import copied, find_binaries
from infrastructure.postgres.embedded.server import SETTINGS as SERVER

_PATIENCE = 60.0


@contextmanager
def standby(server: str) -> Iterator[str]:
    """A hot standby of a server, for as long as it is wanted; yields a superuser's connection string."""
    folder = Path(tempfile.mkdtemp(prefix="cl-standby-"))
    account, binaries = account_for(folder), find_binaries(None)
    os.chown(folder, account.uid, account.gid)
    if not account.may_run(binaries):
        folder.chmod(0o755)
        binaries = copied(binaries, folder)
    conninfo = make_conninfo(server, host=str(folder))
    as_there = {
        name: SERVER[name] for name in ("max_connections", "max_wal_senders")
    }  # no fewer than the server itself
    settings = {
        **as_there,
        "unix_socket_directories": folder,
        "listen_addresses": "",
        "hot_standby": "on",
        "fsync": "off",
    }
    options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
    copy = ("-D", folder / "data", "-d", server, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
    with (folder / "log").open("ab") as log:
        with account.spawn(log, binaries / "pg_basebackup", *copy) as making:
            assert making.wait() == 0, (folder / "log").read_text()
        process = account.spawn(log, binaries / "postgres", "-D", folder / "data", *options)
    try:
        end = time.monotonic() + _PATIENCE
        while Ping(PGconn.ping(conninfo.encode())) is not Ping.OK:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, "the replica does not start"
            time.sleep(0.05)
        yield conninfo
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(folder)


def caught_up(server: str, replica: str) -> None:
    """Wait until a replica has replayed all that its server has written."""
    with psycopg.connect(server) as here, psycopg.connect(replica, autocommit=True) as there:
        (written,) = here.execute("SELECT pg_current_wal_lsn()::text").fetchone() or ("",)
        end = time.monotonic() + _PATIENCE
        while there.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (written,)).fetchone() != (True,):
            assert time.monotonic() < end, "the replica does not catch up"
            time.sleep(0.02)
