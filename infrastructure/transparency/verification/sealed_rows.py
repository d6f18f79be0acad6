"""The rows of the event store, compared with the leaves that they were sealed as."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import psycopg

from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.leaf import is_restart, leaf_record, parse_leaf
from infrastructure.transparency.formats.tiles import pack_entries
from infrastructure.transparency.verification.findings import Findings

_SQL = load("audit", "infrastructure.transparency.verification")
AT_ONCE = 2_048
"""Rows that are fetched at a time."""
_LISTED = 20
"""Backward steps of the clock that are listed one by one."""

Row = tuple[Any, ...]


class Rows:
    """The rows of the store in order of position, to be compared with run after run of leaves."""

    def __init__(self, cursor: psycopg.ServerCursor[Any], until: int, findings: Findings) -> None:
        self._findings = findings
        self._cursor = cursor
        self._cursor.execute(_SQL["rows"], (until,), binary=True)
        self._waiting: list[Row] = []
        self._next = 0
        self._before = ""
        self._backwards = 0

    def compare(self, first: int, records: Sequence[bytes], data: bytes) -> None:
        """Compare a run of leaves with the next rows; ``data`` are the leaves as stored."""
        events = [record for record in records if not is_restart(record)] if first == 0 else records
        rows = self._take(len(events))
        made = list(map(leaf_of, rows))
        self._check_times(rows)
        self._findings.count("rows", len(rows))
        if len(events) == len(records) and pack_entries(made) == data:
            return
        if made != events:
            self._name_differences(first + len(records) - len(events), events, rows)

    def finish(self) -> None:
        """Report the rows that are in no leaf."""
        while rows := self._take(1):
            self._findings.count("rows", 1)
            self._extra(rows[0])
        if self._backwards > _LISTED:
            message = f"in all, {self._backwards} events have an earlier recording time than the one before"
            self._findings.warn("time", message)

    def _name_differences(self, first: int, records: Sequence[bytes], rows: list[Row]) -> None:
        """Report each difference, by position. Rows left over are put back for the next run."""
        place = 0
        for leaf, record in enumerate(records, start=first):
            try:
                sealed = parse_leaf(record)
            except ValueError as error:
                self._findings.add("tiles", str(error), leaf=leaf)
                continue
            while (row := self._at(rows, place)) is not None and row[0] < sealed.position:
                self._extra(row)
                place += 1
            if row is None or row[0] != sealed.position:
                self._findings.add(
                    "rows",
                    f"the event {sealed.topic}, version {sealed.version}, was sealed and is missing",
                    leaf=leaf,
                    position=sealed.position,
                    case=sealed.stream,
                )
                continue
            place += 1
            if (made := leaf_of(row)) != record:
                self._findings.add(
                    "rows",
                    f"the event differs from its leaf: {_difference(record, made)}",
                    leaf=leaf,
                    position=sealed.position,
                    case=sealed.stream,
                )
        self._put_back(rows[place:])

    def _at(self, rows: list[Row], place: int) -> Row | None:
        """A row of the run, or the next row after it: inserted rows push the run's own behind it."""
        if place == len(rows):
            more = self._take(1)
            self._findings.count("rows", len(more))
            rows += more
        return rows[place] if place < len(rows) else None

    def _extra(self, row: Row) -> None:
        self._findings.add(
            "rows",
            f"the event {row[3]}, version {row[2]}, was never sealed, though later ones were: it was inserted afterwards",
            position=row[0],
            case=row[1],
        )

    def _check_times(self, rows: list[Row]) -> None:
        """Warn of a backward step of the recording time: the clock was set, or an event was inserted."""
        for row in rows:
            if row[5] is None:
                continue  # the comparison with its leaf reports it
            if row[5] < self._before:
                self._backwards += 1
                if self._backwards <= _LISTED:
                    message = f"recorded at {row[5]}, earlier than the event before"
                    self._findings.warn("time", message, position=row[0], case=row[1])
            self._before = row[5]

    def _take(self, count: int) -> list[Row]:
        while len(self._waiting) - self._next < count:
            more = self._cursor.fetchmany(AT_ONCE)
            if not more:
                break
            self._waiting = self._waiting[self._next :] + more
            self._next = 0
        taken = self._waiting[self._next : self._next + count]
        self._next += len(taken)
        return taken

    def _put_back(self, rows: list[Row]) -> None:
        self._next -= len(rows)
        self._findings.count("rows", -len(rows))


def leaf_of(row: Row) -> bytes:
    """The leaf of a row, hashed here and not by the server; empty for a row that lacks a value."""
    if None in row:
        return b""
    position, stream, version, topic, state, recorded_at, db_role = row
    return leaf_record(position, stream, version, topic, sha256(state).digest(), recorded_at, db_role)


def position_of(record: bytes) -> int | None:
    """The position in a leaf record; 0 for the leaf of a restart, None for bytes that are no leaf."""
    try:
        return 0 if is_restart(record) else parse_leaf(record).position
    except ValueError:
        return None


def _difference(sealed: bytes, made: bytes) -> str:
    """The lines of a leaf that differ, such as `topic case.noted, now case.closed`."""
    pairs = zip(sealed.decode(errors="replace").splitlines(), made.decode(errors="replace").splitlines(), strict=False)
    lines = [f"{was}, now {now.partition(' ')[2]}" for was, now in pairs if was != now]
    return "; ".join(lines) or "it has other lines"
