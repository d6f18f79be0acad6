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
from infrastructure.views.stores.statements import statements

_QUEUE, _STATUS, _PRIORITY = (COLUMNS.index(name) for name in ("queue", "status", "priority"))
_TYPES = (
    *("uuid", "int8", "int8range", "tstzrange"),
    *("timestamptz",) * 9,
    "int8",
    *("int2",) * 3,
    *("int4",) * 4,
    *("float8",) * 2,
    "bool",
    *("text",) * 14,
)
_EPISODE_TYPES = (
    *("uuid", "int4", "text", "int8", "timestamptz", "timestamptz", "float8", "text", "text", "text", "text", "bool"),
    *("int8", "timestamptz", "bool", "int8", "timestamptz", "int8", "float8"),
)
_episode_row = attrgetter(*(field.name for field in fields(Episode)))


class CasesStore:
    """Folds events into the view's tables on the connection, and in the transaction, it is given.

    `schema` says where the tables are: a rebuild makes them anew beside the live ones.
    """

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("cases", schema)

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
        wanted = [(row["case_id"], row["episodes"]) for row in rows if row["episodes"]]
        episodes: dict[UUID, Episode] = {}
        if wanted:
            cursor.execute(self._sql["load_episodes"], ([i for i, _ in wanted], [n for _, n in wanted]))
            episodes = {row["case_id"]: Episode(**row) for row in cursor.fetchall()}
        folds: dict[UUID, CaseFold] = {}
        before: dict[UUID, Interval] = {}
        for row in rows:
            now = Interval(
                row["case_id"], row["version"], row["position"], row["since"], tuple(row[name] for name in COLUMNS)
            )
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
        cursor = self._connection.cursor()
        if ended:
            cursor.execute(
                self._sql["close"],
                (
                    [i.case_id for i in ended],
                    [i.version for i in ended],
                    [i.until_position for i in ended],
                    [i.until for i in ended],
                ),
            )
        with cursor.copy(self._sql["insert"]) as copy:
            copy.set_types(_TYPES)
            for i in fresh:
                # Two events of one moment leave a point, not an empty range that forgets when it was.
                valid = TimestamptzRange(i.since, i.until, "[]" if i.until == i.since else "[)")
                copy.write_row((i.case_id, i.version, Range(i.position, i.until_position), valid, *i.values))
        if episodes:
            cursor.execute(self._sql["delete_episodes"], ([e.case_id for e in episodes], [e.episode for e in episodes]))
            with cursor.copy(self._sql["insert_episodes"]) as copy:
                copy.set_types(_EPISODE_TYPES)
                for episode in episodes:
                    copy.write_row(_episode_row(episode))

    def _count(self, queues: Counter[Any], states: Counter[Any], events: Counter[Any]) -> None:
        cursor = self._connection.cursor()
        if moved := [(queue, change) for queue, change in queues.items() if queue is not None and change]:
            cursor.execute(self._sql["count_queues"], tuple(map(list, zip(*sorted(moved), strict=True))))
            cursor.execute(self._sql["drop_empty_queues"])
        if moved := [(*key, change, events[key]) for key, change in states.items() if change or events[key]]:
            cursor.execute(self._sql["count_cases"], tuple(map(list, zip(*sorted(moved), strict=True))))
            cursor.execute(self._sql["drop_empty_states"])
