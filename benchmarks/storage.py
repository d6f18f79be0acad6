"""How many bytes a case takes, over all tables and indexes: rows `bytes_per_lifecycle`, `bytes_per_long_lifecycle`.

The desk gives its own commands on a durable server; views and seal have caught up, and dead rows are vacuumed. The note names
the tables that take most.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

if not __package__:  # run as a file: else `http` of our own folder would hide the standard library's
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import psycopg

from api.main import open_desk, tune_interpreter
from application.demo.simulation.wording import vocabulary
from application.demo.small_desk import load_demo
from application.desk import Desk
from application.execution.requests import Request
from application.processes.mail_delivery import send_due
from benchmarks.machine import durable_database, scratch
from benchmarks.rows import Row, main
from benchmarks.stores import superuser
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.logging import IncidentReport
from domain.case.clauses.priority import Assessment
from domain.case.clauses.resolution import Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.values import Actor, Channel, Level, Nature, Role
from infrastructure.mail.catcher import mail_catcher
from infrastructure.mail.smtp_client import SmtpPostman
from infrastructure.postgres.database import Database
from infrastructure.transparency.sealer import Sealer
from infrastructure.transparency.sealer_folder import SealerFolder
from infrastructure.views.projector import Projector
from infrastructure.views.questions.timers import PostgresTimers

CASES = 400
AT_ONCE = 32
_DESK = Request(Actor("a.ortiz", Role.TECHNICIAN), "bench")
_TEAM = Request(Actor("t.lee", Role.TEAM_MEMBER, "network"), "bench")
_DESCRIPTION = 376
"""Characters."""
_FIXED = Resolution(ResolutionCode.FIXED, False, CauseCorrected.YES)
_SIZES = """
    SELECT format('%I.%I', n.nspname, c.relname), pg_total_relation_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('ledger', 'vault', 'views', 'tlog', 'operations')
"""
T = TypeVar("T")
Phase = Callable[[Desk, str], Awaitable[object]]


@dataclass(frozen=True)
class Life:
    """What is done to each case after its first resolution. The due mails are sent after each phase."""

    what: str
    phases: tuple[Phase, ...]
    at_once: int
    goal: int
    mailed: bool
    how: str


async def _close(desk: Desk, number: str) -> None:
    await desk.closure.close(number, Confirmation("phone", desk.clock.now()), "the customer", _DESK)


async def _dispute(desk: Desk, number: str) -> None:
    await desk.disputes.dispute(number, "It is dead again.", None, Channel.PHONE, _DESK)
    await _resolve(desk, number)


async def _resolve(desk: Desk, number: str) -> None:
    await desk.resolution.verify(number, Verification(True, True, "phone", desk.clock.now()), _TEAM)
    await desk.resolution.resolve(number, _FIXED, "The driver was replaced.", _TEAM)


_LIVES = (
    Life("bytes_per_lifecycle", (_close,), AT_ONCE, 8_000, False, f"8 events, up to {AT_ONCE} commands at once"),
    Life("bytes_per_lifecycle_singly", (_close,), 1, 12_000, False, "8 events, one command at a time"),
    Life("bytes_per_long_lifecycle", (_dispute, _close), AT_ONCE, 15_000, True, "17 events, 376 characters, two mails"),
)


def measure() -> Iterator[Row]:
    """The rows; takes about two minutes."""
    tune_interpreter()
    yield from rows(CASES)


def rows(cases: int) -> Iterator[Row]:
    """The rows, each from so many cases."""
    for life in _LIVES:
        with scratch() as folder, durable_database(folder / "data") as database:
            spent = asyncio.run(_lived(database, folder, life, cases))
        most = ", ".join(
            f"{table} {spent[table] / cases:,.0f}" for table in sorted(spent, key=lambda table: -spent[table])[:6]
        )
        note = f"{cases} cases, {life.how}; {most}"
        yield Row(life.what, sum(spent.values()) / cases, "bytes", goal=life.goal, at_most=True, note=note)


async def _lived(database: Database, folder: Path, life: Life, cases: int) -> dict[str, int]:
    """The bytes that so many lives took, by table."""
    sealer = SealerFolder(folder / "sealer")
    async with open_desk(database) as desk, database.async_pool("mail", size=1) as pool:
        with mail_catcher() as catcher:
            mails = partial(_send, desk, PostgresTimers(pool), catcher.port)

            async def settle() -> None:
                """Send every mail, and let views and seal follow."""
                await asyncio.to_thread(_catch_up, database, sealer)
                while await mails():
                    await asyncio.to_thread(_catch_up, database, sealer)

            await load_demo(desk)
            await settle()
            before = await asyncio.to_thread(_sizes, database)
            for first in range(0, cases, 8 * life.at_once):  # the views follow, as they do on a desk at work
                places = range(first, min(first + 8 * life.at_once, cases))
                logged = [partial(_to_resolution, desk, place, life.mailed) for place in places]
                numbers = await _each(life.at_once, logged)
                await settle()
                for phase in life.phases:
                    await _each(life.at_once, [partial(phase, desk, number) for number in numbers])
                    await settle()
    after = await asyncio.to_thread(_sizes, database)
    return {table: size - before.get(table, 0) for table, size in after.items()}


async def _each(at_once: int, do: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    free = asyncio.Semaphore(at_once)

    async def one(each: Callable[[], Awaitable[T]]) -> T:
        async with free:
            return await each()

    return await asyncio.gather(*map(one, do))


async def _send(desk: Desk, timers: PostgresTimers, port: int) -> int:
    """Send some of what is due, by SMTP to a catcher. Returns how many."""
    postman = SmtpPostman(
        host="127.0.0.1", port=port, sender="desk@agency.example", clock=desk.clock, domain="agency.example", tls="none"
    )
    return await send_due(desk, timers, postman, _Links())


class _Links:
    """Links as long as ours."""

    def dispute(self, case: str, resolution: int, customer: str, erasures: int) -> str:
        return "https://desk.agency.example/disputes/" + "x" * 240

    def follow(self, case: str, customer: str, erasures: int) -> str:
        return "https://desk.agency.example/self-service/cases/" + "x" * 200


async def _to_resolution(desk: Desk, place: int, mailed: bool) -> str:
    report = IncidentReport(
        Channel.PHONE, desk.clock.now() - timedelta(minutes=5), "", Nature.ACTUAL, agency="dot", service="printing"
    )
    contact = {
        "name": f"Customer {place}",
        "email": f"customer{place}@agency.example" if mailed else None,
        "phone": f"405-555-{place:04d}",
    }
    number = (await desk.logging.log(report, contact, _words(place), {}, _DESK)).case.number
    await desk.triage.triage(number, "desk", _DESK)
    await desk.diagnosis.prioritize(number, Assessment(Level(2), Level(2)), _DESK)
    said = {"symptoms": "jobs stay queued", "findings": "the driver is out of date"}
    await desk.diagnosis.diagnose(number, said, None, (), _DESK)
    await desk.assignment.assign(number, "network", None, None, _DESK)
    await _resolve(desk, number)
    return number


def _words(place: int) -> dict[str, str | None]:
    """A report of words that few others have, so that nobody must decide whether two are about the same."""
    chance, words = Random(place), [word for said in vocabulary().values() for each in said for word in each.split()]
    subject, description = (" ".join(chance.sample(words, many)) for many in (5, 80))
    return {"subject": subject, "description": description[:_DESCRIPTION], "symptoms": None}


def _catch_up(database: Database, sealer: SealerFolder) -> None:
    """Let views and seal reach the last event."""
    with database.connect("projector") as connection:
        Projector(connection).catch_up()
    with database.connect("sealer") as connection:
        sealing = Sealer(connection, sealer, "bench.example/log")
        sealing.resume()
        while sealing.seal():
            pass


def _sizes(database: Database) -> dict[str, int]:
    """The size of each table with its indexes, once dead rows are vacuumed."""
    with psycopg.connect(superuser(database), autocommit=True) as connection:
        connection.execute("VACUUM")
        return dict(connection.execute(_SIZES.encode()).fetchall())


if __name__ == "__main__":
    main({"storage": measure}, __doc__)
