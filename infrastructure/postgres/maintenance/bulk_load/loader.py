"""Copies a simulated desk into an empty store, in order of time. After a crash the next run goes on where it stopped.

Each batch is one transaction. Nothing is kept beside the record: its first event names the plan, and its last one says how
far the load has come.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import timedelta
from operator import attrgetter
from typing import Any

import psycopg

from application.demo.simulation.deviations import PLANTED
from application.demo.simulation.stretch import LONGEST, STRETCH, Plan, Simulation, Store
from domain.policy import Policy
from infrastructure.postgres.maintenance.bulk_load.makers import Makers
from infrastructure.postgres.maintenance.bulk_load.rows import HEADER, TRAILER, Rows, microseconds, positioned
from infrastructure.postgres.queries import load

_SQL = load("loader", "infrastructure.postgres.maintenance.bulk_load")
_time = attrgetter("at")
_BATCH = 20_000
"""Events of a transaction."""


class LoadRefused(Exception):
    """The store holds something else, or somebody works on it."""


def plan_in(connection: psycopg.Connection[Any]) -> Plan | None:
    """The plan of the load that a store holds, finished or not; None for any other store."""
    first = connection.execute(_SQL["first"]).fetchone()
    return None if first is None else Plan.parse(json.loads(bytes(first[0])).get("request_id"))


class Loader:
    """Loads a plan on a connection of its own, in the migrator's role. Raises LoadRefused, psycopg.Error."""

    def __init__(self, connection: psycopg.Connection[Any], plan: Plan, mailbox: str, policy: Policy) -> None:
        self._connection, self.plan = connection, plan
        self._require_quiet()
        self.position, self._loaded_until = self._progress()
        """Position of the last event that is loaded, and its time in microseconds since 2000."""
        self.is_complete = bool(self._value("is_complete"))
        """Whether all of the plan is loaded."""
        if self.is_complete and not self._value("is_behind"):
            raise LoadRefused(f"{plan} is loaded already")
        self._store = Store(bytes(self._value("pseudonym_key")), mailbox, policy)

    def _require_quiet(self) -> None:
        """Refuse while a server or a worker uses the store, and keep them from appending from now on."""
        if others := [name for (name,) in self._connection.execute(_SQL["others"])]:
            raise LoadRefused(f"{', '.join(others)} is running on this desk; stop it first")
        if not self._value("hold_appends"):
            raise LoadRefused("somebody else is writing to this desk")

    def _progress(self) -> tuple[int, int]:
        """How far the load of this plan has come. Raises LoadRefused for a store that holds anything else."""
        last = self._connection.execute(_SQL["last"]).fetchone()
        if last is None and not self._value("holds_more"):
            return 0, 0
        if last is None or plan_in(self._connection) != self.plan:
            raise LoadRefused("this desk is not empty, and what it holds is not an unfinished load of the same plan")
        return last[0], microseconds(last[1])

    def load(self, processes: int, advance: Callable[[int], None]) -> None:
        """Make and copy what is missing. ``advance`` is told how many cases are made."""
        simulation, makers = Simulation(self.plan, self._store), Makers(self.plan, self._store, processes)
        if self._loaded_until > microseconds(simulation.hours.end):
            raise LoadRefused("the store holds events that are later than the load")
        try:
            if not self.position:
                self._copy(makers.prelude())
            self._load_stretches(simulation, makers, advance)
        finally:
            makers.close()
        self._connection.execute(_SQL["complete"], (self.plan.most_problems, self.plan.cases))
        self.is_complete = True

    def _load_stretches(self, simulation: Simulation, makers: Makers, advance: Callable[[int], None]) -> None:
        starts = [microseconds(simulation.starts(number)) for number in range(self.plan.stretches)]
        starts.append(microseconds(simulation.hours.end) + 1)
        longest = LONGEST // timedelta(microseconds=1)
        first = sum(end <= self._loaded_until - longest for end in starts[1:-1])
        advance(first * STRETCH)
        waiting: list[Rows] = []
        for number, made in enumerate(makers.stretches(first, self.plan.stretches), first):
            assert made[-1].at < starts[number + 1] + longest, f"a history of stretch {number} takes too long"
            waiting += (rows for rows in made if rows.at > self._loaded_until)
            waiting.sort(key=_time)
            waiting = self._copy_until(waiting, starts[number + 1])
            advance(min(STRETCH, self.plan.cases - number * STRETCH))

    def _copy_until(self, waiting: list[Rows], until: int) -> list[Rows]:
        """Copy the commits before a time, in batches that split no moment. Returns the others."""
        ready = bisect_left(waiting, until, key=_time)
        batch, size = list[Rows](), 0
        for rows in waiting[:ready]:
            if size >= _BATCH and rows.at > batch[-1].at:
                self._copy(batch)
                batch, size = [], 0
            batch.append(rows)
            size += len(rows.events)
        if batch:
            self._copy(batch)
        return waiting[ready:]

    def _copy(self, batch: list[Rows]) -> None:
        """Copy commits in one transaction."""
        events = positioned((event for rows in batch for event in rows.events), self.position + 1)
        last = self.position + len(events)
        with self._connection.transaction():
            self._connection.execute(_SQL["keep_position"], (last,))
            self._rows("copy_events", events)
            self._rows("copy_disclosures", [rows.disclosures for rows in batch])
            self._rows("copy_blobs", [rows.blobs for rows in batch])
            self._rows("copy_numbers", [rows.numbers for rows in batch])
        self.position, self._loaded_until = last, batch[-1].at

    def _rows(self, query: str, rows: Iterable[bytes]) -> None:
        with self._connection.cursor().copy(_SQL[query]) as copy:
            copy.write(b"".join((HEADER, *rows, TRAILER)))

    def planted(self) -> list[dict[str, Any]]:
        """The rules that planted cases contradict, with the case and the position of the event that does."""
        if not self.plan.deviations:
            return []
        rows = self._connection.execute(_SQL["planted"], (PLANTED, PLANTED.encode()))
        return [{"rule": rule, "case": number, "position": position} for rule, number, position in rows]

    def clean_up(self) -> None:
        """Give readers of the record statistics, and pages known to be visible."""
        self._connection.execute(_SQL["vacuum_record"])

    def _value(self, query: str) -> Any:
        row = self._connection.execute(_SQL[query]).fetchone()
        return None if row is None else row[0]
