"""`worker`: what runs behind the API: projector, processes (timers), mail out, and mail in by SMTP and IMAP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import structlog
import typer
from eventsourcing.persistence import PersistenceError

from api.cli.console import FINDINGS, could_not_run
from api.cli.listening import listen, poll, poll_once
from api.cli.options import DatabaseUrl, DataDir, database_of, settings_of
from api.cli.persisting import POISONED, persist, stop_when_told
from api.cli.sealing import seal, seal_all
from api.cli.supervising import SEALER, WORKERS
from api.main import addresses_of, clock_of, links_of, open_desk, postman_of
from application.desk import Desk
from application.processes.closing import close_due
from application.processes.sending import send_due
from application.requests import ApplicationError
from application.views.timers import Timers
from infrastructure.ledger.safe import Refused
from infrastructure.postgres.database import Database
from infrastructure.postgres.turns import Turn
from infrastructure.settings import Settings
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.timers import PostgresTimers

log = structlog.get_logger()
_PATIENCE = 1.0
"""Seconds at most between two looks at what is due."""

Work = Callable[[Desk, Timers], int]


def worker(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Which: projector, processes, mail, smtp, imap, sealer. All when none is named."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    tethered: Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Run background workers until stopped. Exit 1 when an event halts one: `caseledger status` says which."""
    if unknown := set(what or ()) - set(WORKERS):
        could_not_run(f"there is no worker {', '.join(sorted(unknown))}; there are: {', '.join(WORKERS)}")
    settings, stop = settings_of(data_dir, database_url), stop_when_told(tethered=tethered)
    with database_of(settings) as database:
        if once:
            _do_once(what or list(WORKERS), settings, database)
            return
        halted = _run_all(what or list(WORKERS), settings, database, stop)
    if halted is not None:
        log.error("worker stopped", worker="projector", position=halted.position, why=halted.why)
        raise typer.Exit(POISONED if tethered else FINDINGS)


def _do_once(names: list[str], settings: Settings, database: Database) -> None:
    """Fold, close, send and read what there is. A mail worker at work elsewhere has the turn: then it is his to send."""
    clock = clock_of(settings)
    if "projector" in names:
        with database.connect("projector") as connection:
            Projector(connection).catch_up()
    if "processes" in names:
        with database.pool("processes", size=1) as pool, open_desk(database, clock, component="processes") as desk:
            while close_due(desk, PostgresTimers(pool)):
                pass
    if "mail" in names and settings.smtp_host:
        with (
            database.connect("mail") as connection,
            database.pool("mail", size=1) as pool,
            open_desk(database, clock, component="mail", addresses=addresses_of(settings)) as desk,
        ):
            postman = postman_of(settings, clock, pool)
            if postman is not None and Turn(connection, "mail").is_free():
                send_due(desk, PostgresTimers(pool), postman, links_of(settings))
    if "imap" in names:
        poll_once(settings, database)
    if SEALER in names:
        try:
            seal_all(settings, database)
        except Refused as why:
            could_not_run(why)


def _run_all(names: list[str], settings: Settings, database: Database, stop: threading.Event) -> Poisoned | None:
    """Run workers, each in a thread, until told to stop or until one is halted for good."""
    halted: list[Poisoned] = []

    def run(name: str) -> None:
        try:
            _runs(name, settings)(database, stop)
        except Poisoned as poison:
            halted.append(poison)
        finally:  # whatever ended one of them, whoever started us starts all again
            stop.set()

    threads = [threading.Thread(target=run, args=(name,), name=name) for name in dict.fromkeys(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return halted[0] if halted else None


def _runs(name: str, settings: Settings) -> Callable[[Database, threading.Event], None]:
    if name == "projector":
        return _project
    if name == SEALER:
        return partial(seal, settings)
    if name == "processes":
        return partial(_attend, settings, "processes", close_due)
    if name == "smtp":
        return partial(listen, settings)
    if name == "imap":
        return partial(poll, settings)
    return partial(_mail, settings)


def _mail(settings: Settings, database: Database, stop: threading.Event) -> None:
    with database.pool("mail", size=1) as pool:
        postman = postman_of(settings, clock_of(settings), pool)
        if postman is not None:
            send = partial(send_due, postman=postman, links=links_of(settings))
            _attend(settings, "mail", send, database, stop)
            return
    log.warning("no mail server is set (CASELEDGER_SMTP_HOST): mails wait in the outbox")
    stop.wait()


def _project(database: Database, stop: threading.Event) -> None:
    """Project until told to stop; a database that went away is waited for."""
    persist("projector", stop, lambda: _project_once(database, stop))


def _project_once(database: Database, stop: threading.Event) -> None:
    with database.connect("projector") as connection:
        Projector(connection).run(stop)


def _attend(
    settings: Settings, kind: Literal["processes", "mail"], work: Work, database: Database, stop: threading.Event
) -> None:
    """Do what is due whenever something is, until told to stop."""
    # Others may have been first, or the store be busy: that passes.
    run = partial(_attend_once, settings, kind, work, database, stop)
    persist(kind, stop, run, PersistenceError, ApplicationError)


def _attend_once(
    settings: Settings, kind: Literal["processes", "mail"], work: Work, database: Database, stop: threading.Event
) -> None:
    clock, addresses = clock_of(settings), addresses_of(settings) if kind == "mail" else None
    with (
        database.connect(kind) as connection,
        database.pool(kind, size=2) as pool,
        open_desk(database, clock, component=kind, addresses=addresses) as desk,
    ):
        turn, timers = Turn(connection, kind), PostgresTimers(pool)
        turn.follow_views()
        turn.take(stop)
        while not stop.is_set():
            if not work(desk, timers):
                turn.wait(_until_due(timers, desk))


def _until_due(timers: Timers, desk: Desk) -> float:
    """Seconds to sleep: not past what is due next, and not for ever, since a view may have moved unheard."""
    due = timers.next_due()
    if due is None:
        return _PATIENCE
    return min(_PATIENCE, max(0.05, (due - desk.clock.now()).total_seconds()))
