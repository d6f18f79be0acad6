"""Stores the temporal view of cases: what a batch of events changed, in a handful of statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from application.views.case_counts import counted_values, needs_attention
from application.views.case_facts import Happening
from application.views.cases import COLUMNS, PAST, CaseFold, Interval, new_fold, rank, resume_fold
from application.views.episodes import Episode
from application.views.policy_history import PolicyHistory
from domain.aggregate import Recorded
from domain.case.status import Status
from domain.case.targets import watched
from infrastructure.views.stores import facts
from infrastructure.views.stores.statements import filled, statements, transposed
from infrastructure.views.stores.table import Table
from infrastructure.views.stores.targets import Moved, TargetsStore

_PLACES = {name: place for place, name in enumerate(COLUMNS.names)}
_STATUS, _PRIORITY, _RECEIVED = (_PLACES[name] for name in ("status", "priority", "received_at"))
_past = itemgetter(*(_PLACES[name] for name in PAST))
_EPISODE = tuple(field.name for field in fields(Episode))
_episode_row = attrgetter(*_EPISODE)
_now_row = attrgetter("case_id", "version", "position", "since", "stay_position", "stay_since")


class CasesStore:
    """Folds case events into the tables of a schema, in the open transaction of a connection."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        parts = {
            "columns": ", ".join(f"c.{name}" for name in COLUMNS.names),
            "facts": facts.selected_facts("f"),
            "episode": ", ".join(f"r.{name}" for name in _EPISODE),
        }
        self._sql = {heading: filled(sql, parts) for heading, sql in statements("cases", schema).items()}
        now = ("case_id", "version", "position", "updated_at", "stay_position", "stay_since", *COLUMNS.names)
        self._open = Table(connection, schema, "open_cases", now)
        self._closed = Table(connection, schema, "closed_cases", now)
        key = ("case_id", "version", "position", "until_position", "since", "until")
        stay = ("stay_position", "stay_since", "rank")
        self._intervals = Table(connection, schema, "case_intervals", (*key, *stay, *PAST))
        self._resolutions = Table(connection, schema, "resolutions", _EPISODE)
        self._facts = Table(connection, schema, "case_facts", facts.COLUMNS)
        self._happenings = Table(connection, schema, "happenings", Happening._fields)
        self._policies = facts.Policies(connection, self._sql["policies"])
        self._targets = TargetsStore(connection, schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events with their positions, in order. Raises whatever an event's fold raises."""
        if not events:
            return
        policies = self._policies.refreshed()
        folds, before = self._load({event.originator_id for event, _ in events}, policies)
        for event, position in events:
            fold = folds.get(event.originator_id)
            if fold is None:
                fold = folds[event.originator_id] = new_fold(event, policies)
            fold.fold(event, position)
        self._store(folds.values(), before)

    def _load(self, ids: set[UUID], policies: PolicyHistory) -> tuple[dict[UUID, CaseFold], dict[UUID, Interval]]:
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        wanted = list(ids)
        rows = cursor.execute(self._sql["load"], (wanted, wanted)).fetchall()
        episodes: dict[UUID, Episode] = {}
        if latest := [(row["case_id"], row["episodes"]) for row in rows if row["episodes"]]:
            cursor.execute(self._sql["load_episodes"], transposed(latest))
            episodes = {row["case_id"]: Episode(**row) for row in cursor}
        folds: dict[UUID, CaseFold] = {}
        before: dict[UUID, Interval] = {}
        for row in rows:
            values = tuple(row[name] for name in COLUMNS.names)
            points = (row["position"], row["since"], row["stay_position"], row["stay_since"])
            now = Interval(row["case_id"], row["version"], *points, values)
            before[now.case_id] = now
            folds[now.case_id] = resume_fold(now, row, episodes.get(now.case_id), facts.facts_of(row), policies)
        return folds, before

    def _store(self, folds: Collection[CaseFold], before: dict[UUID, Interval]) -> None:
        ended: list[Interval] = []
        now: list[Interval] = []
        episodes: list[Episode] = []
        happened: list[Happening] = []
        targets: list[Moved] = []
        for fold in folds:
            assert fold.now is not None
            ended += fold.closed
            now.append(fold.now)
            episodes += {id(episode): episode for episode in fold.touched}.values()
            happened += fold.happened
            targets.append((fold.state.number, fold.targets, tuple(watched(fold.state))))
        self._write(ended, now, before, episodes)
        self._write_facts(folds, before, happened)
        self._count(now, before)
        self._targets.move(targets)

    def _write(
        self, ended: list[Interval], now: list[Interval], before: dict[UUID, Interval], episodes: list[Episode]
    ) -> None:
        ended.sort(key=attrgetter("until_position"))  # so that the table lies in this order
        self._intervals.insert(map(_interval_row, ended))
        for table, closed in ((self._open, False), (self._closed, True)):
            if gone := [was.case_id for was in before.values() if _is_closed(was) is closed]:
                table.delete("case_id", gone)
            come = (interval for interval in now if _is_closed(interval) is closed)
            table.insert((*_now_row(interval), *interval.values) for interval in come)
        if episodes:
            keys = transposed((e.case_id, e.episode) for e in episodes)
            self._connection.execute(self._sql["delete_episodes"], keys)
            self._resolutions.insert(map(_episode_row, episodes))

    def _write_facts(self, folds: Collection[CaseFold], before: Collection[UUID], happened: list[Happening]) -> None:
        if before:
            self._facts.delete("case_id", before)
        self._facts.insert(map(facts.fact_row, folds))
        self._happenings.insert(happened)

    def _count(self, now: list[Interval], before: dict[UUID, Interval]) -> None:
        totals: Counter[Any] = Counter()
        closed: Counter[Any] = Counter()
        states: Counter[Any] = Counter()
        events: Counter[Any] = Counter()
        for intervals, change in ((before.values(), -1), (now, 1)):
            for interval in intervals:
                for key in _keys(interval):
                    totals[key] += change
                    closed[key] += change * _is_closed(interval)
                state = (interval.values[_STATUS], interval.values[_PRIORITY] or 0)
                states[state] += change
                events[state] += change * interval.version
        if moved := [(*key, change, closed[key]) for key, change in totals.items() if change or closed[key]]:
            self._connection.execute(self._sql["count_values"], transposed(sorted(moved)))
            self._connection.execute(self._sql["drop_empty_values"])
        if counted := [(*key, change, events[key]) for key, change in states.items() if change or events[key]]:
            self._connection.execute(self._sql["count_cases"], transposed(sorted(counted)))
            self._connection.execute(self._sql["drop_empty_states"])


def _is_closed(interval: Interval) -> bool:
    return bool(interval.values[_STATUS] == Status.CLOSED)


def _keys(interval: Interval) -> Iterator[tuple[str, str]]:
    """What an interval counts for: column and value."""
    values = dict(zip(COLUMNS.names, interval.values, strict=True))
    yield from counted_values(values)
    for queue in needs_attention(values):
        yield "attention", queue


def _interval_row(i: Interval) -> tuple[Any, ...]:
    stay: tuple[Any, ...] = (None, None, None)
    if i.ends_stay:
        stay = (i.stay_position, i.stay_since, rank(i.values[_PRIORITY], i.values[_RECEIVED]))
    return (i.case_id, i.version, i.position, i.until_position, i.since, i.until, *stay, *_past(i.values))
