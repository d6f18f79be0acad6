"""Rows = leaves = tiles = every checkpoint ever signed: leaves are computed from the rows, and the tree from the leaves."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import psycopg

from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.leaf import is_restart
from infrastructure.transparency.formats.merkle import EMPTY, Growing, leaf_hash
from infrastructure.transparency.formats.note import NoteError, Verifier, parse_signature, strict_base64
from infrastructure.transparency.formats.stored_run import inflated
from infrastructure.transparency.formats.tiles import split_entries
from infrastructure.transparency.verification.findings import Findings
from infrastructure.transparency.verification.sealed_rows import AT_ONCE, Row, Rows, leaf_of, position_of

_SQL = load("audit", "infrastructure.transparency.verification")
_RUNS = 32
"""Runs that are fetched at a time."""

Advance = Callable[[int], None]


@dataclass
class CheckedLog:
    """One log, computed from its entries. Held copies are compared with it."""

    log: int
    origin: str
    size: int = 0
    position: int = 0
    root: bytes = EMPTY
    tree: Growing = field(default_factory=Growing)
    is_torn: bool = False
    """Whether it has entries beyond its last checkpoint. No crash leaves such, since both are one transaction."""
    roots: dict[int, bytes] = field(default_factory=dict)
    """The roots at the watched sizes."""
    follows: Checkpoint | None = None
    """The last checkpoint of the log before it, by its leaf 0."""


def check_logs(
    connection: psycopg.Connection[Any],
    verifiers: Sequence[Verifier],
    watch: Mapping[str, Iterable[int]],
    findings: Findings,
    advance: Advance,
) -> list[CheckedLog]:
    """Check every log against the rows, so that a restart hides nothing.

    ``watch`` are the sizes to know the roots at, by origin.
    """
    logs = [CheckedLog(*row) for row in connection.execute(_SQL["logs"]).fetchall()]
    for known in logs:
        _LogCheck(connection, known, verifiers, watch.get(known.origin, ()), findings, advance).run()
    for before, after in zip((None, *logs), logs, strict=False):
        _check_follows(before, after, findings)
    return logs


def _check_follows(before: CheckedLog | None, after: CheckedLog, findings: Findings) -> None:
    """Check that each log names the one before it: a removed log would take its proofs along."""
    follows = after.follows.origin if after.follows else None
    if before is None and follows is not None:
        message = (
            f"log {after.origin} follows {follows}, which is missing: it was removed, or an older backup was restored"
        )
        findings.add("root", message, leaf=0)
    elif before is not None and follows != before.origin:
        findings.add("root", f"log {after.origin} does not say that it follows {before.origin}", leaf=0)


def future_root(connection: psycopg.Connection[Any], known: CheckedLog, size: int) -> bytes | None:
    """The root of a log at a size beyond its checkpoint, from the rows still unsealed; None where they are too few.

    After a crash the sealer's file may be ahead of the database (sealer.py): then it signed exactly these rows.
    """
    if known.is_torn:
        return None
    tree, missing = deepcopy(known.tree), size - known.tree.size
    with psycopg.ServerCursor(connection, "verify_rows_after") as cursor:
        cursor.execute(_SQL["rows_after"], (known.position, missing), binary=True)
        while rows := cursor.fetchmany(AT_ONCE):
            tree.append([leaf_hash(leaf_of(row)) for row in rows])
    return tree.root() if tree.size == size else None


class _Due(NamedTuple):
    """A size to compare the root at. A checkpoint also has a position and a note."""

    size: int
    position: int | None = None
    note: str | None = None


class _LogCheck:
    def __init__(
        self,
        connection: psycopg.Connection[Any],
        known: CheckedLog,
        verifiers: Sequence[Verifier],
        watch: Iterable[int],
        findings: Findings,
        advance: Advance,
    ) -> None:
        self._connection, self._log, self._findings, self._advance = connection, known, findings, advance
        self._verifiers = verifiers
        self._tree = known.tree
        self._upper: dict[int, bytearray] = {}
        self._watched = frozenset(watch)
        self._signed = 0

    def run(self) -> None:
        last = self._connection.execute(_SQL["last_checkpoint"], (self._log.log,)).fetchone()
        if last is None:
            self._findings.add("root", f"the log {self._log.origin} has no checkpoint")
            return
        self._log.size, self._log.position = last[0], last[1]
        self._due = self._sizes()
        self._next = next(self._due, None)
        with psycopg.ServerCursor(self._connection, "verify_rows") as cursor:
            rows = Rows(cursor, last[1], self._findings)
            for first, first_position, width, data, hashes in self._cursor("runs", _RUNS, self._log.log):
                if first >= self._log.size:
                    self._findings.add("tiles", f"entries from {first} on are beyond the checkpoint", leaf=first)
                    self._log.is_torn = True
                    break
                self._check_run(first, first_position, width, bytes(data), hashes, rows)
                self._advance(width)
            rows.finish()
        self._report_unreached()
        if self._tree.size != self._log.size:
            self._findings.add("tiles", f"the log has {self._tree.size} entries; {self._log.size} were signed")
        self._check_upper_hashes()
        self._check_cosignatures()
        self._findings.count("leaves", self._tree.size)
        self._findings.count("checkpoints", self._signed)
        self._log.root = self._tree.root()

    def _sizes(self) -> Iterator[_Due]:
        """The watched sizes and those of the checkpoints, in order."""
        watched = [_Due(size) for size in sorted(self._watched) if size]
        signed = (_Due(*row) for row in self._cursor("checkpoints", AT_ONCE, self._log.log))
        return heapq.merge(watched, signed, key=attrgetter("size"))

    def _report_unreached(self) -> None:
        """Report checkpoints beyond the last leaf. Held copies beyond it are reported by their own check."""
        for due in itertools.chain([self._next] if self._next else [], self._due):
            if due.note is not None:
                self._findings.add("root", f"{due.size} leaves were signed, and there are {self._tree.size}")

    def _check_run(
        self, first: int, first_position: int, width: int, data: bytes, hashes: bytes | None, rows: Rows
    ) -> None:
        if first != self._tree.size:
            self._findings.add(
                "tiles", f"the log has no entries from {self._tree.size} to {first}", leaf=self._tree.size
            )
        records: list[bytes] = []
        try:
            data = inflated(data)
            records = split_entries(data)
        except ValueError as error:
            self._findings.add("tiles", str(error), leaf=first)
        if len(records) != width:
            self._findings.add("tiles", f"a run of {width} entries holds {len(records)}", leaf=first)
        if records and position_of(records[0]) != first_position:
            self._findings.add("tiles", f"the run is stored under position {first_position}, not its own", leaf=first)
        rows.compare(first, records, data)
        made = [leaf_hash(record) for record in records]
        if hashes is not None and b"".join(made) != hashes:  # releases before 0.5.0 stored them
            self._report_wrong_hashes(first, made, bytes(hashes))
        if first == 0 and records and is_restart(records[0]):
            self._log.follows = self._follows(records[0])
        self._grow(made, records)

    def _report_wrong_hashes(self, first: int, made: list[bytes], stored: bytes) -> None:
        if len(stored) > 32 * len(made):
            self._findings.add("tiles", f"{len(stored)} bytes are no hashes of {len(made)} leaves", leaf=first)
        for place, node in enumerate(made):
            if stored[place * 32 : place * 32 + 32] != node:
                self._findings.add("tiles", "the leaf's hash is not that of its record", leaf=first + place)

    def _grow(self, hashes: list[bytes], records: list[bytes]) -> None:
        done = 0
        while self._next is not None and self._next.size - self._tree.size <= len(hashes) - done:
            part = max(0, self._next.size - self._tree.size)
            self._append(hashes[done : done + part])
            done += part
            self._check_root(self._next, records[done - 1] if records else b"")
            self._next = next(self._due, None)
        self._append(hashes[done:])

    def _append(self, hashes: list[bytes]) -> None:
        for level, _, added in self._tree.append(hashes):
            if level:
                self._upper.setdefault(level, bytearray()).extend(b"".join(added))

    def _check_root(self, due: _Due, last: bytes) -> None:
        """Compare the tree with the checkpoint of its size; ``last`` is its last leaf."""
        size, root = self._tree.size, self._tree.root()
        if due.size in self._watched or due.size == self._log.size:
            self._log.roots[size] = root
        if due.note is None:
            return
        self._signed += 1
        if due.size != size or due.position != position_of(last):
            message = f"the checkpoint of {due.size} leaves is stored under position {due.position}, not its own"
            self._findings.add("checkpoints", message)
        try:
            signed = open_checkpoint(due.note, self._verifiers)
        except NoteError as error:
            self._findings.add("checkpoints", f"the checkpoint of {size} leaves: {error}")
            return
        if signed != Checkpoint(self._log.origin, size, root):
            self._findings.add("root", f"the first {size} leaves do not have the root that was signed for them")

    def _check_upper_hashes(self) -> None:
        stored: dict[int, bytearray] = {}
        for level, first, data in self._cursor("upper_hashes", AT_ONCE, self._log.log):
            known = stored.setdefault(level, bytearray())
            if first * 32 != len(known):
                self._findings.add("tiles", f"the hashes of level {level} are out of place from {first} on")
            known.extend(data)
        for level in stored.keys() | self._upper.keys():
            if stored.get(level) != self._upper.get(level):
                self._findings.add("tiles", f"the tiles of level {level} do not follow from the leaves")
        for (first,) in self._connection.execute(_SQL["lone_hashes"], (self._log.log,)):
            self._findings.add("tiles", "there are hashes without entries", leaf=first)

    def _check_cosignatures(self) -> None:
        """Check the form of cosignatures. Whoever knows the witness's key can check the signature."""
        for size, witness, line in self._connection.execute(_SQL["cosignatures"], (self._log.log,)):
            try:
                is_witness = parse_signature(line).name == witness
            except NoteError:
                is_witness = False
            if not is_witness:
                self._findings.add("checkpoints", f"the cosignature of {witness!a} at {size} leaves is not its line")

    def _follows(self, record: bytes) -> Checkpoint | None:
        try:
            fields = dict(line.split(" ", 1) for line in record.decode().splitlines()[1:])
            return open_checkpoint(strict_base64(fields["previous-checkpoint"]), self._verifiers)
        except (ValueError, KeyError) as error:
            self._findings.add("root", f"leaf 0 of {self._log.origin} names no valid checkpoint: {error}", leaf=0)
            return None

    def _cursor(self, query: str, size: int, *values: Any) -> Iterator[Row]:
        with psycopg.ServerCursor(self._connection, f"verify_{query}") as cursor:
            cursor.itersize = size
            yield from cursor.execute(_SQL[query], values, binary=True)
