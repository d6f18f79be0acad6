"""`serve`, `api` and `worker`: the processes of the desk."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated

import psycopg
import structlog
import typer
import uvicorn

from api.cli.console import FINDINGS, could_not_run, out
from api.cli.options import DatabaseUrl, DataDir, database_of, settings_of
from api.cli.supervising import BACKOFF, POISONED, alone, database_kept, projecting
from api.http.app import create_app
from api.http.context import Context
from api.main import open_context, tokens_of
from application.demo import load_demo
from domain.values import Role
from infrastructure.postgres.database import Database
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
_CATCH_UP = 5.0
"""Seconds that `serve` waits, before it says that it is ready, for views that are behind."""


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
    with alone(settings), database_of(settings, migrating=True) as database:
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
            raise typer.Exit(POISONED if tethered else FINDINGS) from None


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
            stop.wait(BACKOFF[min(attempt, len(BACKOFF) - 1)])
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
        with database_kept(settings), projecting(settings):
            # Ready means that the queues show what is on the record; a desk far behind says so by its lag instead.
            behind = context.views.health()["ledger_position"]
            await context.feed.wait_for_view(behind, _CATCH_UP)
            yield context


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
