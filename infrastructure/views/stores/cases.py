"""Stores the temporal view of cases: what a batch of events changed, in a handful of statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.range import Range, TimestamptzRange

from application.views.cases import COLUMNS, CaseFold, Episode, Interval, new_fold, resume_fold
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import filled, statements, transposed
from infrastructure.views.stores.table import Table

_QUEUE, _STATUS, _PRIORITY = (COLUMNS.names.index(name) for name in ("queue", "status", "priority"))
_EPISODE = tuple(field.name for field in fields(Episode))
_episode_row = attrgetter(*_EPISODE)


class CasesStore:
    """Folds case events into the tables of a schema, in the open transaction of a connection."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        parts = {"columns": ", ".join(COLUMNS.names), "episode": ", ".join(f"r.{name}" for name in _EPISODE)}
        self._sql = {heading: filled(sql, parts) for heading, sql in statements("cases", schema).items()}
        key = ("case_id", "version", "positions", "valid")
        self._intervals = Table(connection, schema, "case_intervals", (*key, *COLUMNS.names))
        self._resolutions = Table(connection, schema, "resolutions", _EPISODE)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events with their positions, in order. Raises whatever an event's fold raises."""
        if not events:
            return
        folds, before = self._load({event.originator_id for event, _ in events})
        for event, position in events:
            fold = folds.get(event.originator_id)
            if fold is None:
                fold = folds[event.originator_id] = new_fold(event)
            fold.fold(event, position)
        self._store(folds.values(), before)

    def _load(self, ids: set[UUID]) -> tuple[dict[UUID, CaseFold], dict[UUID, Interval]]:
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        rows = cursor.execute(self._sql["load"], (list(ids),)).fetchall()
        episodes: dict[UUID, Episode] = {}
        if latest := [(row["case_id"], row["episodes"]) for row in rows if row["episodes"]]:
            cursor.execute(self._sql["load_episodes"], transposed(latest))
            episodes = {row["case_id"]: Episode(**row) for row in cursor}
        folds: dict[UUID, CaseFold] = {}
        before: dict[UUID, Interval] = {}
        for row in rows:
            values = tuple(row[name] for name in COLUMNS.names)
            now = Interval(row["case_id"], row["version"], row["position"], row["since"], values)
            before[now.case_id] = now
            folds[now.case_id] = resume_fold(now, row, episodes.get(now.case_id))
        return folds, before

    def _store(self, folds: Iterable[CaseFold], before: dict[UUID, Interval]) -> None:
        ended: list[Interval] = []
        fresh: list[Interval] = []
        episodes: list[Episode] = []
        queues: Counter[Any] = Counter()
        states: Counter[Any] = Counter()
        events: Counter[Any] = Counter()
        for fold in folds:
            assert fold.now is not None
            was = before.get(fold.now.case_id)
            ended += [interval for interval in fold.closed if interval is was]
            fresh += [interval for interval in fold.closed if interval is not was]
            fresh.append(fold.now)
            episodes += {id(episode): episode for episode in fold.touched}.values()
            for interval, change in ((was, -1), (fold.now, 1)):
                if interval is not None:
                    queues[interval.values[_QUEUE]] += change
                    state = (interval.values[_STATUS], interval.values[_PRIORITY] or 0)
                    states[state] += change
                    events[state] += change * interval.version
        self._write(ended, fresh, episodes)
        self._count(queues, states, events)

    def _write(self, ended: list[Interval], fresh: list[Interval], episodes: list[Episode]) -> None:
        if ended:
            rows = [(i.case_id, i.version, i.until_position, i.until) for i in ended]
            self._connection.execute(self._sql["close"], transposed(rows))
        self._intervals.insert(map(_interval_row, fresh))
        if episodes:
            keys = transposed((e.case_id, e.episode) for e in episodes)
            self._connection.execute(self._sql["delete_episodes"], keys)
            self._resolutions.insert(map(_episode_row, episodes))

    def _count(self, queues: Counter[Any], states: Counter[Any], events: Counter[Any]) -> None:
        if moved := [(queue, change) for queue, change in queues.items() if queue is not None and change]:
            self._connection.execute(self._sql["count_queues"], transposed(sorted(moved)))
            self._connection.execute(self._sql["drop_empty_queues"])
        if counted := [(*key, change, events[key]) for key, change in states.items() if change or events[key]]:
            self._connection.execute(self._sql["count_cases"], transposed(sorted(counted)))
            self._connection.execute(self._sql["drop_empty_states"])


def _interval_row(i: Interval) -> tuple[Any, ...]:
    # Two events of one moment make a point, since an empty range would forget when that was.
    valid = TimestamptzRange(i.since, i.until, "[]" if i.until == i.since else "[)")
    return (i.case_id, i.version, Range(i.position, i.until_position), valid, *i.values)
