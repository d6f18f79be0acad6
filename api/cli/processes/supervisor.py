"""The processes around the API, kept running by `serve`, and by an import for its own time."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from api.cli.console import could_not_run
from api.cli.processes.worker_process import PAUSES, POISONED
from application.faults import FAULTS
from infrastructure.desk_database import prepare_data_dir
from infrastructure.postgres.embedded.programs import ServerUnavailable
from infrastructure.postgres.embedded.server import revive, running_server
from infrastructure.postgres.embedded.server_log import turn
from infrastructure.settings import Settings

log = structlog.get_logger()

SEALER = "sealer"
WORKERS = ("projector", "processes", "mail", "webhooks", "smtp", "imap", SEALER)
_GOODBYE = 60.0
"""Seconds that a worker may take to stop: it may be in the middle of a rebuild's statement."""
_LOOK_AFTER = 1.0
"""Seconds between two looks at whether the database still runs."""


@contextmanager
def working(settings: Settings, *names: str) -> Iterator[None]:
    """Run workers: those named, else all that are set up. One that ends is started again. All end with us, by their tether.

    All but the sealer share a process, since most of a process is its interpreter. The sealer's key is not for the others.
    """
    stop = threading.Event()
    keepers = [
        threading.Thread(target=_keep, args=(settings, command, stop), name=command[2])
        for command in _commands(names or set_up(settings))
    ]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        stop.set()
        for keeper in keepers:
            keeper.join()


def set_up(settings: Settings) -> tuple[str, ...]:
    """The workers that have work to do: mail comes in only by the ways that are set up."""
    mail_in = {"smtp": settings.smtp_listen or settings.lmtp_listen, "imap": settings.imap_host}
    return tuple(name for name in WORKERS if mail_in.get(name, True))


def _commands(names: tuple[str, ...]) -> Iterator[list[str]]:
    others = [name for name in names if name != SEALER]
    if others:
        yield [sys.executable, "-m", "api.cli", "worker", *others, "--tethered"]
    if SEALER in names:
        yield [sys.executable, "-m", "api.cli.processes.sealer", "--tethered"]


@contextmanager
def database_kept(settings: Settings) -> Iterator[None]:
    """Start the embedded server again when it is killed under us, and turn its log. An operator's server is theirs."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(_LOOK_AFTER):
            try:
                turn(settings.data_dir)
                if running_server(settings.data_dir) is None:
                    log.warning("the database has gone; starting it again")
                    revive(settings.data_dir, binaries=settings.pg_bin)
            except ServerUnavailable as error:
                log.error("the database cannot be started", error=str(error))
            except Exception as error:  # noqa: BLE001 - the keeper of the database ends when told to, and not before
                FAULTS.add("database keeper", error)

    keeper = threading.Thread(target=keep, name="database keeper")
    if settings.database_url is None:
        keeper.start()
    try:
        yield
    finally:
        stop.set()
        if settings.database_url is None:
            keeper.join()


def _keep(settings: Settings, command: list[str], stop: threading.Event) -> None:
    environment = {**os.environ, **settings.as_environment()}
    falls = 0
    while not stop.is_set():
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
            while process.poll() is None and not stop.wait(0.1):
                pass
            if stop.is_set():
                _end(process)
                return
        if process.returncode == POISONED:
            log.error("the projector halted; the views stand still until it is mended (caseledger status)")
            stop.wait()
            return
        log.warning("worker fell over; starting it again", code=process.returncode)
        stop.wait(PAUSES[min(falls, len(PAUSES) - 1)])
        falls += 1


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a worker. One that does not stop in time is killed: it repeats later what it had not committed."""
    process.terminate()
    try:
        process.wait(_GOODBYE)
    except subprocess.TimeoutExpired:
        log.warning("worker does not stop; it is killed", pid=process.pid)
        process.kill()


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Allow one `serve` a data directory. The lock vanishes with the process, however it ends."""
    try:
        prepare_data_dir(settings)
    except (OSError, ServerUnavailable) as error:
        could_not_run(error)
    with (settings.data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            could_not_run(f"another `caseledger serve` is running on {settings.data_dir.resolve()}")
        yield
