"""How many bytes a case takes, over all tables and indexes: rows `bytes_per_lifecycle`, `bytes_per_long_lifecycle`.

The desk gives its own commands on a durable server; views and seal have caught up, and dead rows are vacuumed. Some cases come
first, unmeasured: the words that all cases share, and the room that open cases leave free, belong to no case. The note names
the tables that take most. `python benchmarks/storage.py detail` names every table and index.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
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

from api.interpreter import tune_interpreter
from api.main import open_desk
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

CASES, BEFORE = 512, 256
"""Cases that are measured, and those before them."""
AT_ONCE = 32
_DESK = Request(Actor("a.ortiz", Role.TECHNICIAN), "bench")
_TEAM = Request(Actor("t.lee", Role.TEAM_MEMBER, "network"), "bench")
_DESCRIPTION = 376
"""Characters."""
_FIXED = Resolution(ResolutionCode.FIXED, False, CauseCorrected.YES)
_SIZES = """
    SELECT format('%I.%I', n.nspname, o.relname),
           CASE c.relkind WHEN 'i' THEN c.relname WHEN 't' THEN 'long values' ELSE 'rows' END,
           pg_total_relation_size(c.oid) - CASE WHEN c.relkind = 'r' THEN pg_indexes_size(c.oid) ELSE 0 END
               - CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_total_relation_size(c.reltoastrelid) END
    FROM pg_class c
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    JOIN pg_class o ON o.oid = coalesce(i.indrelid, c.oid) OR o.reltoastrelid = c.oid AND c.relkind = 't'
    JOIN pg_namespace n ON n.oid = o.relnamespace
    WHERE o.relkind = 'r' AND c.relkind IN ('r', 'i', 't')
      AND n.nspname IN ('ledger', 'vault', 'views', 'tlog', 'operations')
"""
"""Each table, its long values apart with their own index, and each of its indexes."""
Spent = dict[tuple[str, str], float]
"""Bytes a case: by table, and by `rows`, `long values` or the index's name."""
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
    Life("bytes_per_lifecycle", (_close,), AT_ONCE, 8_000, False, f"9 events, up to {AT_ONCE} commands at once"),
    Life("bytes_per_lifecycle_singly", (_close,), 1, 12_000, False, "9 events, one command at a time"),
    Life("bytes_per_long_lifecycle", (_dispute, _close), AT_ONCE, 15_000, True, "18 events, 376 characters, two mails"),
)


def measure() -> Iterator[Row]:
    """The rows; takes about four minutes."""
    tune_interpreter()
    yield from rows(CASES, BEFORE)


def detail() -> Iterator[Row]:
    """A row for each table and each index."""
    tune_interpreter()
    for life in _LIVES:
        spent = lived(life, CASES, BEFORE)
        for (table, part), size in sorted(spent.items(), key=lambda item: -item[1]):
            if round(size):
                yield Row(life.what, size, "bytes", note=f"{table}: {part}")


def rows(cases: int, before: int) -> Iterator[Row]:
    """The rows, each from so many cases after others."""
    for life in _LIVES:
        spent, tables = lived(life, cases, before), Counter[str]()
        for (table, _), size in spent.items():
            tables[table] += round(size)
        most = ", ".join(f"{table} {size:,}" for table, size in tables.most_common(8))
        note = f"{cases} cases after {before}, {life.how}; {most}"
        yield Row(life.what, sum(spent.values()), "bytes", goal=life.goal, at_most=True, note=note)


def lived(life: Life, cases: int, before: int) -> Spent:
    """The bytes that each of so many lives took, after others."""
    with scratch() as folder, durable_database(folder / "data") as database:
        first, last = asyncio.run(_lived(database, folder, life, cases, before))
    return {place: (size - first.get(place, 0)) / cases for place, size in last.items()}


async def _lived(database: Database, folder: Path, life: Life, cases: int, before: int) -> tuple[Spent, Spent]:
    """Live so many lives; returns the sizes after the first ones, and after all."""
    sealer = SealerFolder(folder / "sealer")
    async with open_desk(database) as desk, database.async_pool("mail", size=1) as pool:
        with mail_catcher() as catcher:
            mails = partial(_send, desk, PostgresTimers(pool), catcher.port)

            async def settle() -> None:
                """Send every mail, and let views and seal follow."""
                await asyncio.to_thread(_catch_up, database, sealer)
                while await mails():
                    await asyncio.to_thread(_catch_up, database, sealer)

            async def live(places: range) -> None:
                for first in range(places.start, places.stop, 8 * life.at_once):  # views follow, as on a desk at work
                    batch = range(first, min(first + 8 * life.at_once, places.stop))
                    logged = [partial(_to_resolution, desk, place, life.mailed) for place in batch]
                    numbers = await _each(life.at_once, logged)
                    await settle()
                    for phase in life.phases:
                        await _each(life.at_once, [partial(phase, desk, number) for number in numbers])
                        await settle()

            await load_demo(desk)
            await settle()
            await live(range(before))
            sizes = await asyncio.to_thread(_sizes, database)
            await live(range(before, before + cases))
    return sizes, await asyncio.to_thread(_sizes, database)


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


def _sizes(database: Database) -> Spent:
    """The size of each table and of each index, once dead rows are vacuumed."""
    with psycopg.connect(superuser(database), autocommit=True) as connection:
        connection.execute("VACUUM")
        found = connection.execute(_SIZES.encode()).fetchall()
    sizes: Counter[tuple[str, str]] = Counter()
    for table, part, size in found:
        sizes[table, part] += size
    return dict(sizes)


if __name__ == "__main__":
    main({"storage": measure, "detail": detail}, __doc__)
