"""What workers do again and again: fold, close, send. Each holds the turn of its kind; whatever ends it is `keep`'s."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import psycopg
import structlog
from psycopg_pool import ConnectionPool

from api.cli.worker_process import LATE, keep
from api.main import addresses_of, clock_of, links_of, open_desk, postman_of
from application.desk import Desk
from application.processes.automatic_closure import close_due
from application.processes.mail_delivery import Sending
from application.processes.retries import Tries
from application.views.timers import Timers
from infrastructure.postgres.database import Database
from infrastructure.postgres.workers.operations import PostgresSetAside, Pulse
from infrastructure.postgres.workers.turns import Turn
from infrastructure.settings import Settings
from infrastructure.views.projector import Poisoned, Projector
from infrastructure.views.questions.timers import PostgresTimers

_PATIENCE = 1.0
"""Seconds at most between two looks at what is due."""
_LOOKS_AGAIN = 60.0
"""Seconds until a halted projector looks whether what halted it has gone."""

log = structlog.get_logger()


def project(database: Database, stop: threading.Event, pulse: Pulse, *, patient: bool) -> list[Poisoned]:
    """Project until told to stop; returns what halts it then, if something does.

    Halted it looks again each minute when ``patient``, since nobody else in this process shall end with it; else it ends.
    """

    def run() -> None:
        with database.connect("projector") as connection:
            Projector(connection).run(stop, beat=pulse.beat)

    while not stop.is_set():
        try:
            keep(pulse, stop, run, Poisoned)
        except Poisoned as poison:
            pulse.halts(poison.why, within=_LOOKS_AGAIN + LATE)
            if not patient or stop.wait(_LOOKS_AGAIN):
                return [poison]
    return []


@dataclass(frozen=True)
class _Attending:
    """What a worker that has the turn works with."""

    desk: Desk
    timers: Timers
    turn: Turn
    tries: Tries
    pool: ConnectionPool[psycopg.Connection[tuple[object, ...]]]

    def rest(self) -> None:
        """Sleep, not past what is due next, and not for ever, since a view may have moved unheard."""
        due = self.timers.next_due()
        seconds = _PATIENCE if due is None else (due - self.desk.clock.now()).total_seconds()
        # What waits for another try is due all the time.
        self.turn.wait(min(_PATIENCE, max(_PATIENCE / 2 if self.tries.parked else 0.05, seconds)))


@contextmanager
def _attending(
    settings: Settings, kind: Literal["processes", "mail"], database: Database, stop: threading.Event
) -> Iterator[_Attending]:
    """Wait for the turn."""
    addresses = addresses_of(settings) if kind == "mail" else None
    with (
        database.connect(kind) as connection,
        database.pool(kind, size=2) as pool,
        open_desk(database, clock_of(settings), component=kind, addresses=addresses) as desk,
    ):
        turn = Turn(connection, kind)
        turn.follow_views()
        turn.take(stop)
        tries = Tries(PostgresSetAside(pool, kind), settings.tries)
        yield _Attending(desk, PostgresTimers(pool), turn, tries, pool)


def close(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Close what nobody disputed, until told to stop."""
    with _attending(settings, "processes", database, stop) as at:
        while not stop.is_set():
            pulse.beat()
            if not close_due(at.desk, at.timers, at.tries):
                at.rest()


def send(settings: Settings, database: Database, stop: threading.Event, pulse: Pulse) -> None:
    """Send the mails that are due, until told to stop."""
    if not settings.smtp_host:
        log.warning("no mail server is set (CASELEDGER_SMTP_HOST): mails wait in the outbox")
        stop.wait()
        return
    with _attending(settings, "mail", database, stop) as at:
        postman = postman_of(settings, at.desk.clock, at.pool)
        assert postman is not None
        sending = Sending(at.desk, at.timers, postman, links_of(settings), at.tries)
        while not stop.is_set():
            pulse.beat()
            sending.begin_due()
            sending.wait(_PATIENCE / 2)
            at.rest()
        sending.finish()
