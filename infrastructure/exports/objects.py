"""The objects of OCEL up to a position, in sections that an export can go on with after a key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from application.exports.ocel import (
    BEGINNING,
    NAMING,
    NAMING_FIELDS,
    OBJECT_TYPES,
    Object,
    Relation,
    TimedValue,
    changes,
    entry_object,
    plain,
)
from domain.problem import Problem
from infrastructure.postgres.event_store import MAPPER
from infrastructure.postgres.queries import load
from infrastructure.postgres.stored_event import LedgerEvent

_SQL = load("objects", "infrastructure.exports")
_CASES = 500
"""Cases whose intervals are read at a time."""
_ALWAYS = ("channel", "received_at", "imported")
"""What never changes in a case."""
_NOTHING = UUID(int=0)

Version = tuple[datetime, Mapping[str, Any]]
"""The attributes of an object from a moment on."""

Keyed = Iterator[tuple[Any, Object]]
"""Objects, each with the key after which the section goes on."""


class Objects:
    """Reads the objects: those that the catalogue lists or events name, then problems, then cases."""

    def __init__(self, connection: psycopg.Connection[Any], until: int) -> None:
        self._connection, self._until = connection, until

    def named(self, after: Sequence[str] | None) -> Keyed:
        """Services, teams and people, by kind and code."""
        versions = self._catalogue()
        kind, code = after or ("", "")
        wanted = {"until": self._until, "kind": kind, "code": code, "naming": list(NAMING)}
        wanted |= {"kinds": list(NAMING_FIELDS.values()), "fields": list(NAMING_FIELDS)}
        with self._connection.cursor(binary=True) as cursor:
            for kind, code in cursor.stream(_SQL["named"], wanted, size=1_000):
                entries = versions.get((kind, code), [])
                yield [kind, code], entry_object(kind, code, entries, _entry_relations(kind, entries))

    def _catalogue(self) -> Mapping[tuple[str, str], list[Version]]:
        """The versions of services and teams."""
        found: dict[tuple[str, str], list[Version]] = defaultdict(list)
        for kind, at, entry in self._connection.execute(_SQL["catalogue"], (self._until,)):
            if entry is not None:
                found[kind, entry["id"]].append((at, _read_entry(kind, entry)))
        return found

    def problems(self, after: str | None) -> Keyed:
        """Problem Cases by number, folded by the domain."""
        wanted = {"after": after or "PRB-", "until": self._until}
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.stream(_SQL["problems"], wanted, size=1_000)
            for number, events in groupby(rows, key=itemgetter(7)):
                yield number, _problem(number, events)

    def cases(self, after: str | None) -> Keyed:
        """Cases by id, with the intervals of the temporal view."""
        last = UUID(after) if after else _NOTHING
        wanted = {"limit": _CASES}
        while True:
            cursor = self._connection.cursor(row_factory=dict_row, binary=True)
            rows = cursor.execute(_SQL["cases"], {**wanted, "after": last}).fetchall()
            if not rows:
                return
            last = rows[-1]["case_id"]
            known = [row for row in rows if row["position"] <= self._until]
            links = self._links([row["case_id"] for row in known])
            for case_id, intervals in groupby(known, key=itemgetter("case_id")):
                yield str(case_id), _case(list(intervals), links[case_id])

    def _links(self, cases: Sequence[UUID]) -> Mapping[UUID, dict[str, str]]:
        """The other cases that each is linked to, with the kind of the link."""
        linked: dict[UUID, dict[str, str]] = defaultdict(dict)
        cursor = self._connection.cursor(binary=True)
        for case_id, topic, state in cursor.execute(_SQL["links"], (list(set(cases)), self._until)):
            told = msgspec.json.decode(state)
            if topic == "case.linked":
                linked[case_id][told["case"]] = told["kind"]
            else:
                linked[case_id].pop(told["case"], None)
        return linked


def _read_entry(kind: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    values = {name: entry.get(name) for name in OBJECT_TYPES[kind]}
    values["retired"] = entry.get("retired", False)
    if kind == "team":
        values["members"], values["people"] = len(entry.get("members", ())), entry.get("members", ())
    return values


def _entry_relations(kind: str, entries: Sequence[Version]) -> Iterator[Relation]:
    if not entries:
        return
    _, entry = entries[-1]
    if kind == "team":
        yield from (Relation(f"person:{member}", "member") for member in entry["people"])
    else:
        yield Relation(f"team:{entry['team']}", "owned by")
        if entry["owner"]:
            yield Relation(f"person:{entry['owner']}", "owner")


def _problem(number: str, events: Iterator[Any]) -> Object:
    problem: Any = None
    versions: list[Version] = []
    for stream, version, topic, state, position, recorded_at, db_role, _ in events:
        event = MAPPER.to_domain_event(LedgerEvent(stream, version, topic, state, (), position, recorded_at, db_role))
        problem = event.mutate(problem)
        assert isinstance(problem, Problem)
        versions.append((event.timestamp, {name: getattr(problem, name) for name in OBJECT_TYPES["problem"]}))
    relations = [Relation(f"service:{problem.service}", "service")] if problem.service else []
    relations += [Relation(incident, "incident") for incident in problem.incidents]
    return Object(number, "problem", list(changes(versions, OBJECT_TYPES["problem"])), list(dict.fromkeys(relations)))


def _case(intervals: Sequence[Mapping[str, Any]], links: Mapping[str, str]) -> Object:
    last, kinds = intervals[-1], OBJECT_TYPES["case"]
    attributes = [TimedValue(name, BEGINNING, plain(last[name], kinds[name])) for name in _ALWAYS]
    changing = {name: kind for name, kind in kinds.items() if name not in _ALWAYS}
    attributes += changes(((row["since"], row) for row in intervals), changing)
    relations = [Relation(f"person:{last['customer']}", "customer")]
    relations += [
        Relation(start + last[name], name)
        for name, start in (("service", "service:"), ("team", "team:"), ("technician", "person:"), ("problem", ""))
        if last[name] is not None
    ]
    relations += [Relation(number, kind) for number, kind in links.items()]
    return Object(last["number"], "case", attributes, relations)
