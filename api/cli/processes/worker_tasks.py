"""The work of each worker: fold, close, send, and receive mail by SMTP (`smtp`) or from a mailbox (`imap`).

Each runs on a thread of its own. Those that give commands have an event loop and a desk of their own there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
import structlog
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]

from api.cli.processes.worker_process import LATE, keep, persist
from api.main import OF_WORKER, addresses_of, clock_of, links_of, open_desk, postman_of
from application.desk import Desk
from application.figures import FIGURES
from application.mail_in.envelope import Envelope
from application.mail_in.failures import Failures
from application.processes.automatic_closure import close_due
from application.processes.mail_delivery import Sending
from application.processes.mail_receipt import admit_gateway, taking
from application.processes.reads_retention import ReadsRetention
from application.processes.retries import Tries
from application.processes.scheduled_reports import issue_due
from application.processes.target_timers import record_due_targets
from application.views.questions import Views
from application.views.timers import Timers
from infrastructure.mail.gateway import Gateway
from infrastructure.mail.imap_client import Mailbox, Place, read_new
from infrastructure.mail.smtp_server import Certificate, listening
from infrastructure.postgres.database import Database
from infrastructure.postgres.workers.operations import PostgresSetAside, Pulse
from infrastructure.postgres.workers.turns import Turn
from infrastructure.settings import Settings
from infrastructure.views.keeper import Keeper
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.questions.postgres_views import views_on
from infrastructure.views.questions.timers import PostgresTimers
from infrastructure.views.reads import PostgresReads

Kind = Literal["processes", "mail"]
"""The workers that take turns here."""
_PATIENCE = 1.0
"""Seconds at most between two looks at what is due."""
_LOOKS_AGAIN = 60.0
"""Seconds until a halted projector looks whether what halted it has gone."""
_MAIL_PAUSES = (1.0, 5.0, 30.0, 120.0, 300.0)
"""Seconds before a failed look or listener is tried again: longer, since other people's servers are asked."""
_BEAT = 10.0
_JOINS = 0.5
"""Seconds until a count that goes on is broken off again."""

log = structlog.get_logger()


def project(database: Database, stop: threading.Event, pulse: Pulse, *, patient: bool) -> list[Poisoned]:
    """Project until told to stop. Returns what halts the projector, if an event does.

    Halted, it looks again each minute when ``patient``, since the other workers of this process go on. Else it ends.
    """

    def run() -> None:
        with database.connect("projector") as connection:
            Projector(connection).run(stop, beat=pulse.beat)

    with _keeping_answers(database):
        while not stop.is_set():
            try:
                keep(pulse, stop, run, fatal=(Poisoned,))
            except Poisoned as poison:
                pulse.halts(poison.why, within=_LOOKS_AGAIN + LATE)
                if not patient or stop.wait(_LOOKS_AGAIN):
                    return [poison]
    return []


@contextmanager
def _keeping_answers(database: Database) -> Iterator[None]:
    """Keep answers of reports beside the projector, on a thread and a connection of their own: no event waits for a count."""
    ended, counting = threading.Event(), list[psycopg.Connection[Any]]()

    def run() -> None:
        with database.connect("projector") as connection, suppress(psycopg.errors.QueryCanceled):
            counting[:] = [connection]
            Keeper(connection).run(ended)

    thread = threading.Thread(target=persist, args=("reports", ended, run, psycopg.Error), name="reports")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        while thread.is_alive():
            for connection in counting:
                with suppress(psycopg.Error):  # the server may have gone before
                    connection.cancel()
            thread.join(_JOINS)


@dataclass(frozen=True)
class _Office:
    """What a worker that has the turn works with."""

    desk: Desk
    timers: Timers
    tries: tuple[Tries, ...]
    turn: Turn
    views: Views

    async def rest(self) -> None:
        """Sleep, but not past the next due time, and not for ever, since a view may have moved unheard."""
        policy = (await self.desk.references.current()).policy
        due = await self.timers.next_due(policy.pausing)
        seconds = _PATIENCE if due is None else (due - self.desk.clock.now()).total_seconds()
        # What waits for another try is due all the time.
        parked = sum(each.parked for each in self.tries)
        seconds = min(_PATIENCE, max(_PATIENCE / 2 if parked else 0.05, seconds))
        await asyncio.to_thread(self.turn.wait, seconds)


def _in_turn(
    kind: Kind, database: Database, stop: threading.Event, run: Callable[[Turn], Coroutine[Any, Any, None]]
) -> None:
    """Wait for the turn, then run in an event loop of this thread's own."""
    with database.connect(kind) as connection:
        turn = Turn(connection, kind)
        turn.follow_views()
        turn.take(stop)
        if not stop.is_set():
            asyncio.run(run(turn))


@asynccontextmanager
async def _office(
    settings: Settings, kind: Kind, database: Database, turn: Turn, works: int = 1
) -> AsyncIterator[_Office]:
    """The office of a worker with so many kinds of work, each with tries of its own."""
    addresses = addresses_of(settings)
    async with (
        database.async_pool(kind, size=2) as pool,
        open_desk(database, clock_of(settings), component=kind, addresses=addresses, connections=OF_WORKER) as desk,
    ):
        kept = PostgresSetAside(pool, kind)
        tries = tuple([await Tries.begin(kept, settings.tries) for _ in range(works)])
        yield _Office(desk, PostgresTimers(pool), tries, turn, views_on(pool))


def close(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Close cases that nobody disputed, record due targets, issue due reports and forget old reads, until told to stop."""

    async def run(turn: Turn) -> None:
        async with (
            _office(settings, "processes", database, turn, works=3) as office,
            database.async_pool("processes", size=1) as pool,
        ):
            closures, targets, reports = office.tries
            retention = ReadsRetention(office.desk, PostgresReads(pool))
            while not stop.is_set():
                await asyncio.to_thread(pulse.beat)
                await retention.tend()
                done = {
                    "closures": await close_due(office.desk, office.timers, closures),
                    "targets": await record_due_targets(office.desk, office.timers, targets),
                    "reports": await issue_due(office.desk, office.views, reports),
                }
                for what, count in done.items():
                    FIGURES.add("processes", what, count)
                if not any(done.values()):
                    await office.rest()

    keep(pulse, stop, lambda: _in_turn("processes", database, stop, run))


def send(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Send the mails that are due, until told to stop."""

    async def run(turn: Turn) -> None:
        with database.pool("mail", size=1) as checkpoints:
            async with _office(settings, "mail", database, turn) as office:
                postman = postman_of(settings, office.desk.clock, checkpoints)
                assert postman is not None
                sending = Sending(office.desk, office.timers, postman, links_of(settings), *office.tries)
                try:
                    while not stop.is_set():
                        await asyncio.to_thread(pulse.beat)
                        await sending.begin_due()
                        await sending.wait(_PATIENCE / 2)
                        await office.rest()
                finally:
                    await sending.finish()

    if settings.smtp_host:
        keep(pulse, stop, lambda: _in_turn("mail", database, stop, run))
    else:
        log.warning("no mail server is set (CASELEDGER_SMTP_HOST): mails wait in the outbox")
        keep(pulse, stop, stop.wait)


def listen(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Receive mail by SMTP and LMTP until told to stop. It waits for a taken address, and for a certificate."""
    if settings.smtp_listen or settings.lmtp_listen:
        keep(pulse, stop, lambda: asyncio.run(_listen(settings, database, stop, pulse)), pauses=_MAIL_PAUSES)
    else:
        log.info("no mail is taken in by SMTP (CASELEDGER_SMTP_LISTEN, CASELEDGER_LMTP_LISTEN)")
        keep(pulse, stop, stop.wait)


async def _listen(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    addresses, failures = addresses_of(settings), Failures(settings.tries)
    certificate = Certificate(settings.smtp_cert_file, settings.smtp_key_file) if settings.smtp_cert_file else None
    # Listeners end before the desk: nobody is told 250 by a desk that is closed.
    async with (
        open_desk(database, clock_of(settings), addresses=addresses, connections=OF_WORKER) as desk,
        AsyncExitStack() as listeners,
    ):
        await admit_gateway(desk)
        for kind, where in (("smtp", settings.smtp_listen), ("lmtp", settings.lmtp_listen)):
            if where is None:
                continue
            host, _, port = where.rpartition(":")
            gateway = Gateway(addresses.domain, addresses.takes, taking(desk, kind, failures))
            await listeners.enter_async_context(
                listening(gateway, host.strip("[]"), int(port), lmtp=kind == "lmtp", certificate=certificate)
            )
            log.info("listening", worker=kind, address=where)
        while not stop.is_set():
            await asyncio.to_thread(pulse.beat)
            await asyncio.to_thread(stop.wait, _BEAT)


def poll(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Look into the mailbox every so often, until told to stop."""
    if settings.imap_host is None:
        log.info("no mailbox is read by IMAP (CASELEDGER_IMAP_HOST)")
        keep(pulse, stop, stop.wait)
        return
    failures = Failures(settings.tries)

    def look() -> None:
        pulse.beat(settings.imap_interval + LATE)
        asyncio.run(read_mailbox(settings, database, stop, failures))

    keep(pulse, stop, look, passing=(IMAPClientError,), pauses=_MAIL_PAUSES, rest=settings.imap_interval)


async def read_mailbox(
    settings: Settings,
    database: Database,
    stop: threading.Event | None = None,
    failures: Failures | None = None,
) -> int:
    """Take in what is new in the mailbox. Returns how many messages. Raises what reading and recording raise."""
    if settings.imap_host is None:
        return 0
    loop, stop = asyncio.get_running_loop(), stop or threading.Event()
    mailbox = _mailbox(settings, settings.imap_host)
    place = Place(Path(settings.data_dir) / "mailbox.json", mailbox.name)
    taken = 0
    async with open_desk(database, clock_of(settings), addresses=addresses_of(settings), connections=OF_WORKER) as desk:
        await admit_gateway(desk)
        record = taking(desk, "imap", failures)

        async def recorded(raw: bytes, envelope: Envelope) -> str:
            return await record(raw, envelope)

        def take(raw: bytes, envelope: Envelope) -> str:
            """Called on the thread that reads: it waits for the commit."""
            return asyncio.run_coroutine_threadsafe(recorded(raw, envelope), loop).result()

        while more := await asyncio.to_thread(read_new, mailbox, place, take, stop):
            taken += more
    return taken


def _mailbox(settings: Settings, host: str) -> Mailbox:
    return Mailbox(
        host,
        settings.imap_port,
        settings.imap_user,
        settings.imap_password.get_secret_value() if settings.imap_password else "",
        settings.imap_tls,
        settings.imap_ca_file,
        settings.imap_folder,
        settings.imap_moved_to,
    )
