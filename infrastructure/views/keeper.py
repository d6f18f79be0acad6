"""Keeps answers of reports: counts each of them now and then, so that a question has only to count what has changed since.

Only a large desk keeps any: a small one counts as fast. An answer and its position are one transaction, on one snapshot:
a keeper killed half-way has kept nothing, and two of them keep the same.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import namedtuple_row

from application.reports.case_figures import AGES
from application.reports.periods import months_of
from application.reports.report import Breakdown
from application.views.questions import Point, ReportQuestion
from infrastructure.postgres.queries import load
from infrastructure.views.questions.reports.answers import (
    KEPT,
    NOW,
    WINDOWS,
    By,
    definition_of,
    kept_series,
    number_at,
    step_of,
)
from infrastructure.views.questions.reports.statements import PERCENTILES, Form, Scope, statement
from infrastructure.views.questions.reports.view import moment_of
from infrastructure.views.questions.view_reader import filled
from infrastructure.views.stores.facts import Policies
from infrastructure.views.stores.statements import statements

_SQL = load("keeper", "infrastructure.views")
LEAST_CASES = 100_000
"""Cases from which on answers are kept."""
_OLD = 200
"""An answer is counted anew after a part of all events: one in so many."""
_WINDOW = {"least": 16, "part": 50}
"""Values that are kept on either side of a percentile: so many, and one in so many."""
_PAUSE = 5.0
"""Seconds between two looks at what is old."""
_SHARE = 4
"""Times as long as it has counted, a keeper rests: others need the processors."""


class _Known(NamedTuple):
    position: int
    events: int
    cases: int


class Keeper:
    """Keeps the answers of reports, on one connection of the projector's role."""

    def __init__(self, connection: psycopg.Connection[Any], *, least_cases: int = LEAST_CASES) -> None:
        self._connection, self._least_cases = connection, least_cases
        self._policies = Policies(connection, statements("cases", "views")["policies"])

    def run(self, stop: threading.Event) -> None:
        """Keep answers until ``stop`` is set, if no other keeper does. Raises psycopg.Error."""
        while not stop.wait(_PAUSE):
            if self._ask("take_turn"):
                self.keep_all(stop, rests=_SHARE)
                self._ask("leave_turn")

    def keep_all(
        self, stop: threading.Event | None = None, *, rests: int = 0, progress: Callable[[int], None] = lambda _: None
    ) -> int:
        """Count every answer that is missing or old; returns how many. Raises psycopg.Error."""
        kept, stop = 0, stop or threading.Event()
        while (due := self._due()) is not None:
            began = time.monotonic()
            if stop.is_set() or not self.keep(*due):
                break
            kept += 1
            progress(1)
            stop.wait(rests * (time.monotonic() - began))
        return kept

    def _due(self) -> tuple[str, By, str, int] | None:
        """The answer to be counted next, and at which mark: the oldest of now, then what is missing in the past, from the last mark."""
        known = self._known()
        if known.cases < self._least_cases:
            return None
        zone = self._policies.refreshed().at(2**62).business.time_zone
        step = step_of(known.position)
        marks = (0, *range(known.position // step * step, 0, -step))
        answers = {row[0]: row[1:] for row in self._connection.execute(_SQL["answers"]).fetchall()}
        numbers = {number_at(number, mark) for number in KEPT.values() for mark in marks}
        if answers.keys() - numbers:
            self._connection.execute(_SQL["give_up"], (list(numbers),))
        for mark in marks:
            positions = {}
            for (name, by), number in KEPT.items():
                definition, position = answers.get(number_at(number, mark), (None, 0))
                positions[name, by] = position if definition == definition_of(name, by, zone) else -1
            name, by = min(positions, key=lambda each: positions[each])
            if positions[name, by] < (mark or known.position - known.events // _OLD):
                return name, by, zone, mark
        return None

    def keep(self, name: str, by: By, zone: str, mark: int = 0) -> bool:
        """Count one answer, at a mark or at the last position.

        Returns whether that was possible: during a rebuild it is not. Raises psycopg.Error.
        """
        with self._no_rebuild() as possible:
            if possible:
                with self._connection.transaction():
                    self._connection.execute(_SQL["settings"])
                    self._keep(name, by, zone, mark)
        return possible

    def _keep(self, name: str, by: By, zone: str, mark: int) -> None:
        position = mark or self._known().position
        moment, point = self._moment(position), Point(mark) if mark else Point()
        scope = Scope(moment, form=Form.SORTED, series=kept_series(name, by, moment, zone))
        sql, values = statement(ReportQuestion(name, point=point, zone=zone), by, scope)
        parts = {"statement": sql.rstrip(";"), "windows": "", "columns": "c.*", "waiting": "'{}'"}
        if name in PERCENTILES:
            parts |= {"windows": _SQL["windows"].decode(), **_parts(name, by)}
        if name in WINDOWS:
            parts["waiting"] = _SQL["waiting"].decode()
        if name == "backlog":
            parts["waiting"] = _SQL["late"].decode()
        number = number_at(KEPT[name, by], mark)
        values |= {"answer": number, "report": name, "by": ",".join(by), "kept": position, **_WINDOW}
        values |= {"definition": definition_of(name, by, zone), "recent": _recent(moment, zone)}
        self._connection.execute(_SQL["forget"], values)
        self._connection.execute(filled(_SQL["keep"].decode(), **parts).encode(), values, prepare=False)

    def _known(self) -> _Known:
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            row = cursor.execute(_SQL["known"]).fetchone()
        return _Known(0, 0, 0) if row is None else _Known(*row)

    def _moment(self, position: int) -> datetime:
        row = self._connection.execute(_SQL["last_event"], (position,)).fetchone()
        assert row is not None
        return moment_of(*row)

    @contextmanager
    def _no_rebuild(self) -> Iterator[bool]:
        """While this is open, no rebuild changes the names of the tables; whether none does now."""
        held = self._ask("hold_off_rebuild")
        try:
            yield held
        finally:
            if held and not self._connection.closed:
                self._ask("let_rebuild")

    def _ask(self, query: str) -> bool:
        row = self._connection.execute(_SQL[query]).fetchone()
        return bool(row and row[0])


def _parts(name: str, by: By) -> dict[str, str]:
    """What is kept of percentiles."""
    told = {
        each: fractions if isinstance(fractions, tuple) else (fractions,)
        for each, fractions in PERCENTILES[name].items()
    }
    figures = ", ".join(
        f"('{each}', {part}, c.{each}_sorted)" for each, fractions in told.items() for part in fractions
    )
    columns, sub = ["k1", "k2", "every_key"], "NULL, NULL"
    if name == "resolution":
        columns += ["priority", "every_priority", "resolved", "source_cases"]
        sub = "c.priority, c.every_priority"
    elif name == "backlog":
        columns = ["k1", "k2", "cases", "waiting", *(f'"{age}"' for age in AGES)]
    else:
        columns.append("closures" if name == "closures" else "cases")
    return {
        "columns": ", ".join(f"c.{each}" for each in (*columns, *told)),
        "every": "c.every_key" if "every_key" in columns else "NULL",
        "sub": sub,
        "filling": _filling(name, by),
        "figures": figures,
    }


def _filling(name: str, by: By) -> str:
    """Which groups lose and gain most of their values in the time to the next answer: recent months, and all open cases of now."""
    if Breakdown.MONTH not in by:
        return str(name == "backlog").lower()
    month = f"c.k{1 + by.index(Breakdown.MONTH)}"
    return f"{month} = '{NOW}'" if name == "backlog" else f"{month}::integer >= %(recent)s::integer"


def _recent(moment: datetime, zone: str) -> int:
    """The place of the month before that of a moment."""
    return bisect_right(months_of(ZoneInfo(zone))[1], moment) - 1
