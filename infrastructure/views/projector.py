"""The projector: reads the events after its position, in order, and folds them into every view.

A batch, its views and its position are one transaction: a projector killed half-way has changed nothing. An event that
cannot be folded halts the projector before it. Earlier events stay folded, and none is skipped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import psycopg
import structlog

from application import tracing
from application.figures import FIGURES
from application.tracing import Traced
from application.views.outbox import MessageFold
from application.views.problems import ProblemFold
from application.views.quarantine import ReceiptFold
from domain.aggregate import Recorded
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerNotification
from infrastructure.views.questions.view_reader import LATEST
from infrastructure.views.stores.cases import CasesStore
from infrastructure.views.stores.known_errors import KnownErrorsStore
from infrastructure.views.stores.obligations import ObligationsStore
from infrastructure.views.stores.rows import RowStore
from infrastructure.views.stores.statements import statements
from infrastructure.views.stores.targets import TargetsStore
from infrastructure.views.stores.texts import TextsStore

BATCH = 2_000
"""Events in a transaction: enough to share its cost, few enough that memory stays flat."""
_HOUSEKEEPING = 3600.0
"""Seconds between two deletions of expired answers."""
_SLICE = 5_000
"""Answers deleted at a time."""
_STANDBY = 0.5
"""Seconds between two tries to become the projector at work."""
_GATHER = 0.03
"""Seconds that single events gather before they are folded: a third of the lag that the desk allows."""
_IN_NO_VIEW = frozenset(
    {
        *("service", "team", "help_desk", "script", "customer", "policy", "access", "source", "webhook"),
        *("filters", "report"),
        *("alert", "watch", "subject", "log", "approval"),
    }
)
"""The first part of topics that no view folds: their aggregates are read from their events."""

log = structlog.get_logger()


class Poisoned(Exception):
    """An event cannot be folded into the views. The projector halts before it; no event is lost or skipped."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"the projector stops before position {position}: {why}")
        self.position, self.why = position, why


class Store(Protocol):
    """The tables of one view."""

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events with their positions, in order, in the open transaction."""
        ...


class Projector:
    """Folds the ledger into the views of a schema, on one connection."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection, self._live = connection, schema == "views"
        self._sql = statements("projector", schema, "infrastructure.views")
        self._stores: dict[str, tuple[Store, ...]] = {
            # Cases first: the others read from that view what their events do not say.
            "case": (
                CasesStore(connection, schema),
                ObligationsStore(connection, schema),
                TextsStore(connection, schema),
            ),
            "problem": (
                RowStore(connection, schema, "problems", ProblemFold),
                KnownErrorsStore(connection, schema),
            ),
            "message": (RowStore(connection, schema, "outbox", MessageFold),),
            "intake": (RowStore(connection, schema, "quarantine", ReceiptFold),),
            "target": (TargetsStore(connection, schema),),
        }
        self._mapper = StateMapper()
        self._keeps_house = 0.0
        self._traced: list[Traced] = []
        """The events of the last batch that were recorded in a trace."""

    def run(self, stop: threading.Event, *, patience: float = 1.0, beat: Callable[[], None] = lambda: None) -> None:
        """Fold until ``stop`` is set, woken by each commit's NOTIFY or after ``patience`` seconds.

        ``beat`` is called between batches, and when idle.

        Raises Poisoned, psycopg.OperationalError.
        """
        # No wait for the disk: a crash loses rows and position together, and they are folded again.
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute(self._sql["listen"])
        self._take_turn(stop)
        while not stop.is_set():
            beat()
            self._keep_house()
            began, began_at = time.monotonic(), tracing.now()
            folded = self._fold_next()
            if not folded:
                for _ in self._connection.notifies(timeout=patience, stop_after=1):
                    pass
                continue
            _count(folded, time.monotonic() - began)
            tracing.folded(self._traced, began_at)
            if folded < BATCH:  # the events of the next moment share a transaction
                stop.wait(_GATHER)

    def _keep_house(self) -> None:
        """Delete expired answers once an hour, a slice at a time, so that no batch waits for long."""
        if time.monotonic() < self._keeps_house:
            return
        if not self._connection.execute(self._sql["forget_answers"], (_SLICE,)).rowcount:
            self._keeps_house = time.monotonic() + _HOUSEKEEPING

    def _take_turn(self, stop: threading.Event) -> None:
        """Wait to be the one projector at work. PostgreSQL frees the lock when its holder's session ends."""
        while not stop.is_set():
            row = self._connection.execute(self._sql["take_turn"]).fetchone()
            if row and row[0]:
                return
            stop.wait(_STANDBY)

    def catch_up(self, stop: threading.Event | None = None, progress: Callable[[int], None] | None = None) -> int:
        """Fold every event there is; returns how many. Raises Poisoned."""
        total = 0
        while not (stop and stop.is_set()):
            if not (folded := self._fold_next()):
                break
            total += folded
            if progress:
                progress(folded)
        return total

    def _fold_next(self) -> int:
        """Fold one batch, or halt at the event that fails. Returns how many events. Raises Poisoned."""
        try:
            return self.fold_batch()
        except Poisoned:
            self._halt_at_culprit()
            raise

    def _halt_at_culprit(self) -> None:
        """Fold one by one up to the event that fails, and record it in the database. Raises Poisoned."""
        try:
            while self.fold_batch(1):
                pass
        except Poisoned as poison:
            self._connection.execute(self._sql["halt"], (poison.position, poison.why))
            log.error("projector halted", position=poison.position, why=poison.why)
            raise

    def fold_batch(self, limit: int = BATCH) -> int:
        """Fold one batch in one transaction; returns its size. Raises Poisoned."""
        with self._connection.transaction():
            cursor = self._connection.cursor(binary=True)
            if self._live:
                cursor.execute(self._sql["hold"])
            row = cursor.execute(self._sql["lock_position"]).fetchone()
            assert row is not None
            position, folded = self.fold_after(row[0], limit)
            if folded:
                cursor.execute(self._sql["advance"], (position, folded))
                cursor.execute(self._sql["notify"], (position,))
            return folded

    def fold_after(self, position: int, limit: int = BATCH, until: int = LATEST) -> tuple[int, int]:
        """Fold the events after a position, in the open transaction; returns the last position, and how many there were.

        The caller keeps the position. Raises Poisoned.
        """
        cursor = self._connection.cursor(binary=True)
        rows = cursor.execute(self._sql["read"], (position, until, limit)).fetchall()
        self.fold_rows(rows)
        return (rows[-1][0] if rows else position), len(rows)

    def fold_rows(self, rows: list[tuple[Any, ...]]) -> None:
        """Fold rows of events, of each stream in order. The caller keeps the position. Raises Poisoned."""
        found = self._events(rows)
        for kind, events in found.items():
            self._fold(self._stores[kind], events)
        if tracing.is_on():
            each = (one for events in found.values() for one in events)
            self._traced = [Traced(event.trace_id, position, event.TOPIC) for event, position in each if event.trace_id]

    def _events(self, rows: list[tuple[Any, ...]]) -> dict[str, list[tuple[Recorded, int]]]:
        """The events that views fold, by the first part of their topic. Raises Poisoned."""
        events: dict[str, list[tuple[Recorded, int]]] = {kind: [] for kind in self._stores}
        for row in rows:
            kind = row[3].partition(".")[0]
            if kind not in _IN_NO_VIEW:
                event = self._event(row)
                if kind not in events:
                    raise Poisoned(row[0], f"{row[3]}: no view knows events of this kind")
                events[kind].append((event, row[0]))
        return events

    def _event(self, columns: tuple[Any, ...]) -> Recorded:
        position, stream, version, topic, state, recorded_at, db_role = columns
        row = LedgerNotification(stream, version, topic, state, position, recorded_at, db_role)
        try:
            return self._mapper.to_domain_event(row)
        except Exception as error:
            raise Poisoned(position, f"{row.topic}: {error}") from error

    @staticmethod
    def _fold(stores: tuple[Store, ...], events: list[tuple[Recorded, int]]) -> None:
        try:
            for store in stores:
                store.fold(events)
        except psycopg.OperationalError:
            raise
        except Exception as error:
            event, position = events[0]
            raise Poisoned(position, f"{event.TOPIC}: {error}") from error


def _count(events: int, seconds: float) -> None:
    """Count a batch for the metrics."""
    FIGURES.add("projector", "events", events)
    FIGURES.add("projector", "batches")
    FIGURES.add("projector", "milliseconds", round(seconds * 1000))
