"""`worker` runs what works behind the API: projector, processes (timers), mail out, webhooks, mail in by SMTP and IMAP, sealer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated

import structlog
import typer

from api.cli.console import FINDINGS, could_not_run
from api.cli.options import DatabaseUrl, DataDir, database_of, settings_of_process, trace
from api.cli.processes.sealer import seal, seal_all
from api.cli.processes.supervisor import SEALER, WORKERS
from api.cli.processes.webhooks import ROLE, deliver, deliver_once
from api.cli.processes.worker_process import POISONED, keep, stop_when_told
from api.cli.processes.worker_tasks import close, listen, poll, project, read_mailbox, send
from api.main import addresses_of, clock_of, links_of, open_desk, postman_of
from application.processes.automatic_closure import close_due
from application.processes.mail_delivery import send_due
from application.processes.scheduled_reports import issue_due
from application.processes.target_timers import record_due_targets
from infrastructure.postgres.database import Component, Database
from infrastructure.postgres.workers.operations import Pulse
from infrastructure.postgres.workers.turns import Turn
from infrastructure.settings import Settings
from infrastructure.transparency.sealer_folder import SealingRefused
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.timers import PostgresTimers

log = structlog.get_logger()
COMPONENTS: dict[str, Component] = {
    "projector": "projector",
    "processes": "processes",
    "mail": "mail",
    "webhooks": ROLE,
    "smtp": "api",
    "imap": "api",
    SEALER: "sealer",
}
"""The database role of each worker."""


def worker(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Which: projector, processes, mail, webhooks, smtp, imap, sealer. All when none is named."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    tethered: Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Run background workers until stopped. Exit 1 when an event halts one: `caseledger status` says which."""
    if unknown := set(what or ()) - set(WORKERS):
        could_not_run(f"there is no worker {', '.join(sorted(unknown))}; there are: {', '.join(WORKERS)}")
    settings, stop = settings_of_process(data_dir, database_url), stop_when_told(tethered=tethered)
    trace(settings, "worker")
    with database_of(settings, making=True) as database:
        if once:
            _do_once(what or list(WORKERS), settings, database)
            return
        halted = _run_all(list(dict.fromkeys(what or WORKERS)), settings, database, stop)
    if halted is not None:
        log.error("worker stopped", worker="projector", position=halted.position, why=halted.why)
        raise typer.Exit(POISONED if tethered else FINDINGS)


def _do_once(names: list[str], settings: Settings, database: Database) -> None:
    """Fold, close, send, receive and seal what is due. Where another mail worker has the turn, sending is left to it."""
    if "projector" in names:
        with database.connect("projector") as connection:
            Projector(connection).catch_up()
    if "processes" in names:
        asyncio.run(_close_due(settings, database))
    if "mail" in names and settings.smtp_host:
        with database.connect("mail") as connection:
            if Turn(connection, "mail").is_free():
                asyncio.run(_send_due(settings, database))
    if "webhooks" in names:
        asyncio.run(deliver_once(settings, database))
    if "imap" in names:
        asyncio.run(read_mailbox(settings, database))
    if SEALER in names:
        try:
            seal_all(settings, database)
        except SealingRefused as why:
            could_not_run(why)


async def _close_due(settings: Settings, database: Database) -> None:
    async with (
        database.async_pool("processes", size=1) as pool,
        open_desk(database, clock_of(settings), component="processes", addresses=addresses_of(settings)) as desk,
    ):
        timers, views = PostgresTimers(pool), views_on(pool)
        while await close_due(desk, timers) + await record_due_targets(desk, timers) + await issue_due(desk, views):
            pass


async def _send_due(settings: Settings, database: Database) -> None:
    with database.pool("mail", size=1) as checkpoints:
        async with (
            database.async_pool("mail", size=1) as pool,
            open_desk(database, clock_of(settings), component="mail", addresses=addresses_of(settings)) as desk,
        ):
            postman = postman_of(settings, desk.clock, checkpoints)
            assert postman is not None
            await send_due(desk, PostgresTimers(pool), postman, links_of(settings))


def _run_all(names: list[str], settings: Settings, database: Database, stop: threading.Event) -> Poisoned | None:
    """Run workers, each on a thread of its own, until told to stop. A projector that runs alone may end before.

    Returns what halted the projector, if an event did.
    """
    halted: list[Poisoned] = []
    alone = len(names) == 1

    def run(name: str) -> None:
        pulse = Pulse(database, COMPONENTS[name], name)
        if name == "projector":
            halted.extend(project(database, stop, pulse, patient=not alone))
        else:
            _WORK[name](settings, database, stop, pulse)

    threads = [threading.Thread(target=run, args=(name,), name=name) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return halted[-1] if halted else None


def _seal(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    keep(pulse, stop, partial(seal, settings, database, stop))


_WORK: Mapping[str, Callable[[Settings, Database, threading.Event, Pulse], None]] = {
    "processes": close,
    "mail": send,
    "webhooks": deliver,
    "smtp": listen,
    "imap": poll,
    SEALER: _seal,
}
