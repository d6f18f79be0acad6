"""`serve`, `api` and `worker`: the processes of the desk."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated

import psycopg
import structlog
import typer
import uvicorn

from api.cli.console import FINDINGS, could_not_run, out
from api.cli.options import DatabaseUrl, DataDir, database_of, settings_of
from api.http.app import create_app
from api.http.context import Context
from api.main import open_context, tokens_of
from application.demo import load_demo
from domain.values import Role
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded import revive, running_server
from infrastructure.postgres.programs import ServerUnavailable
from infrastructure.settings import Settings
from infrastructure.views.projector import Poisoned, Projector

log = structlog.get_logger()

DEMO_TOKENS = (
    (Role.TECHNICIAN, "a.ortiz", None),
    (Role.TEAM_MEMBER, "t.lee", "network"),
    (Role.DUTY_MANAGER, "d.manager", None),
    (Role.AUDITOR, "r.audit", None),
    (Role.REPORTER, "reports", None),
    (Role.CUSTOMER, "jo.field", None),
    (Role.INTAKE, "monitoring", None),
    (Role.ADMIN, "admin", None),
)
_BACKOFF = (0.2, 1.0, 5.0)
_CATCH_UP = 5.0
"""Seconds that `serve` waits, before it says that it is ready, for views that are behind."""
_LOOK_AFTER = 0.5
"""Seconds between two looks at whether the database still runs."""
_POISONED = 3
"""Exit code of a worker that an event halted: starting it again would halt it again."""


class Server(uvicorn.Server):
    """uvicorn, saying in one line when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: list[str]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup()
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            out.print(f"READY http://{shown}:{port}", markup=False)
            for line in self._ready:
                out.print(line.replace("{url}", f"http://{shown}:{port}"), markup=False)
            sys.stdout.flush()


def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load a small desk to try things on, when empty.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
) -> None:
    """Run the whole desk: database, API and workers. Ctrl-C stops all of it; the data stay in --data-dir."""
    settings = settings_of(data_dir, database_url, host=host, port=port)
    with _alone(settings), database_of(settings, migrating=True) as database:
        opening = partial(_whole_desk, settings, database, demo)
        _run(settings, opening, _welcome(settings))


def api(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
) -> None:
    """Run one API process; several on one database are safe together."""
    settings = settings_of(data_dir, database_url, host=host, port=port)
    with database_of(settings) as database:
        _run(settings, partial(open_context, settings, database), [])


def worker(
    what: Annotated[list[str] | None, typer.Argument(help="Which workers: projector. All when none is named.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    tethered: Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Run background workers until stopped. Exit 1 when an event halts one: `caseledger status` says which."""
    if unknown := set(what or ()) - {"projector"}:
        could_not_run(f"there is no worker {', '.join(sorted(unknown))}; there is: projector")
    settings, stop = settings_of(data_dir, database_url), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if tethered:  # whoever started us holds the other end: killed outright, he lets go of it
        threading.Thread(target=_until_let_go, args=(stop,), daemon=True).start()
    with database_of(settings) as database:
        try:
            _project(database, stop)
        except Poisoned as poison:
            log.error("worker stopped", worker="projector", position=poison.position, why=poison.why)
            raise typer.Exit(_POISONED if tethered else FINDINGS) from None


def _until_let_go(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


def _project(database: Database, stop: threading.Event) -> None:
    """Project until told to stop; a database that went away is waited for."""
    attempt = 0
    while not stop.is_set():
        try:
            with database.connect("projector") as connection:
                attempt = 0
                Projector(connection).run(stop)
        except psycopg.OperationalError as error:
            log.warning("projector lost the database", error=str(error))
            stop.wait(_BACKOFF[min(attempt, len(_BACKOFF) - 1)])
            attempt += 1


def _run(settings: Settings, opening: object, ready: list[str]) -> None:
    config = uvicorn.Config(
        create_app(opening),  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config, ready)
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        if not server.started:
            raise
    if not server.started:
        could_not_run(f"the server could not start on {settings.host}:{settings.port}")


@asynccontextmanager
async def _whole_desk(settings: Settings, database: Database, demo: bool) -> AsyncIterator[Context]:
    """API and workers for as long as the application runs: its lifespan ends on SIGTERM too, atexit does not."""
    async with open_context(settings, database) as context:
        if demo:
            load_demo(context.desk)
        with _database_kept(settings), projecting(settings):
            # Ready means that the queues show what is on the record; a desk far behind says so by its lag instead.
            behind = context.views.health()["ledger_position"]
            await context.feed.wait_for_view(behind, _CATCH_UP)
            yield context


@contextmanager
def projecting(settings: Settings) -> Iterator[None]:
    """A projector process, started again when it falls over, stopped with us and, by its tether, without us."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(settings, stop), name="workers")
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


@contextmanager
def _database_kept(settings: Settings) -> Iterator[None]:
    """The embedded server is started again when it is killed under us; an operator's is the operator's."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(_LOOK_AFTER):
            if running_server(settings.data_dir) is None:
                log.warning("the database has gone; starting it again")
                try:
                    revive(settings.data_dir, binaries=settings.pg_bin)
                except ServerUnavailable as error:
                    log.error("the database cannot be started", error=str(error))

    keeper = threading.Thread(target=keep, name="database keeper")
    if settings.database_url is None:
        keeper.start()
    try:
        yield
    finally:
        stop.set()
        if settings.database_url is None:
            keeper.join()


def _keep(settings: Settings, stop: threading.Event) -> None:
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "worker",
        "projector",
        "--tethered",
        "--data-dir",
        str(settings.data_dir),
    ]
    environment = {
        **os.environ,
        **({"CASELEDGER_DATABASE_URL": settings.database_url} if settings.database_url else {}),
    }
    falls = 0
    while not stop.is_set():
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
            while process.poll() is None and not stop.wait(0.1):
                pass
            if stop.is_set():
                process.terminate()
                return
        if process.returncode == _POISONED:
            log.error("the projector halted; the views stand still until it is mended (caseledger status)")
            stop.wait()
            return
        log.warning("worker fell over; starting it again", code=process.returncode)
        stop.wait(_BACKOFF[min(falls, len(_BACKOFF) - 1)])
        falls += 1


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One `serve` a data directory; the lock vanishes with the process, however it ends."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            could_not_run(f"another `caseledger serve` is running on {settings.data_dir.resolve()}")
        yield


def _welcome(settings: Settings) -> list[str]:
    tokens, valid = tokens_of(settings), timedelta(days=settings.token_days)
    issued = {role: tokens.issue(role, subject, team, valid) for role, subject, team in DEMO_TOKENS}
    return [
        "",
        f"A token for each role, valid {settings.token_days:g} days:",
        *(f"  {role:<13}{issued[role]}" for role, _, _ in DEMO_TOKENS),
        "",
        "Try:",
        f"  curl -H 'Authorization: Bearer {issued[Role.TECHNICIAN]}' {{url}}/queues",
        "",
        "Commands and questions: {url}/docs",
        f"Ctrl-C stops the desk; the data stay in {settings.data_dir.resolve()}.",
    ]
