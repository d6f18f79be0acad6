"""The sealer: appends each new event to the transparency log and signs the log's size and root (audit.md, Sealer).

Each checkpoint continues the one before. A file outside the database remembers that one, written before the database
commits it. A sealer killed in between seals the same events to the same bytes again.
"""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.figures import FIGURES
from infrastructure.postgres.queries import load
from infrastructure.transparency.formats.checkpoint import Checkpoint, open_checkpoint
from infrastructure.transparency.formats.leaf import is_restart, leaf_record, parse_leaf, restart_record
from infrastructure.transparency.formats.merkle import TILE, Growing, leaf_hash, root_at
from infrastructure.transparency.formats.note import signed
from infrastructure.transparency.formats.stored_run import deflated
from infrastructure.transparency.formats.tiles import pack_entries
from infrastructure.transparency.log_reader import LogReader
from infrastructure.transparency.sealer_folder import SealerFolder, SealingRefused

_SQL = load("sealer", "infrastructure.transparency")
EVERY = 0.25
"""Seconds between two looks for new events: about how long an event is unsealed."""
BATCH = 16_384
"""Most events under one checkpoint: a bound on memory and on the length of a transaction."""

Published = Callable[[str, int], None]
"""Called with each published checkpoint: the signed note, and its size."""

log = structlog.get_logger()


class Sealer:
    """Seals on a connection of its own, in a process that has the sealer's turn.

    ``origin`` names the log when it begins. Afterwards the log keeps its name.
    """

    def __init__(self, connection: psycopg.Connection[Any], folder: SealerFolder, origin: str) -> None:
        self._connection, self._folder = connection, folder
        connection.execute(_SQL["settings"])
        self._log, self._origin = 1, origin
        self._is_new = True
        """Whether the row of the log itself is still to be written."""
        self._tree = Growing()
        self._position = 0
        """The position of the last sealed event."""
        self._first: list[bytes] = []
        """The leaf before all events, where the log was begun after a restore."""
        self._memory: str | None = None
        """The checkpoint in the folder, as far as we know."""

    # resuming

    def resume(self) -> None:
        """Go on where the log ends, if it continues the checkpoint signed last. Raises SealingRefused, OSError."""
        current = self._row("current_log")
        remembered = self._remembered()
        if current is not None:
            self._log, self._origin, self._is_new = *current, False
        elif remembered is not None:
            self._log, self._origin = _number_of(remembered.origin), remembered.origin
        last = None if current is None else self._row("last_checkpoint", self._log)
        if last is not None:
            self._load(*last)
        if remembered is None:
            if last is not None:
                raise SealingRefused(
                    f"the database holds a log of {last[0]} leaves, and {self._folder.path} remembers none. Restore that "
                    "folder from its own backup; if it is lost, `caseledger tlog restart --reason ...` begins a new log"
                )
            return
        if remembered.origin != self._origin and not self._begins_again(remembered):
            raise SealingRefused(f"{self._origin} is not the log signed last, {remembered.origin}{_RESTORED}")
        self._require_continued(remembered)

    def _begins_again(self, remembered: Checkpoint) -> bool:
        """Begin the log after this one again, where a crash came before its commit; returns whether that was so."""
        leaf = self._folder.first_leaf()
        if leaf is None or _followed_by(leaf) != self._origin or _number_of(remembered.origin) != self._log + 1:
            return False
        self._log, self._origin = self._log + 1, remembered.origin
        self._is_new, self._tree, self._position = True, Growing(), 0
        self._first = [leaf.encode()]
        return True

    def _remembered(self) -> Checkpoint | None:
        try:
            note = self._memory = self._folder.last_note()
            return None if note is None else open_checkpoint(note, self._folder.verifiers())
        except ValueError as error:
            raise SealingRefused(f"{self._folder.path}/last-checkpoint is not valid: {error}") from error

    def _load(self, size: int, position: int, note: str) -> None:
        """Load the tree of the last checkpoint in the database. Raises SealingRefused where that is damaged."""
        reader = LogReader(self._connection, self._log)
        try:
            self._tree, self._position = Growing.of(size, reader.hashes), position
            (last,) = reader.entries(size - 1, 1)
            filed = 0 if is_restart(last) else parse_leaf(last).position
            if Checkpoint.of_text(note).root == self._tree.root() and filed == position:
                return
        except (LookupError, ValueError) as error:
            raise SealingRefused(
                f"the log in the database is damaged: {error}. `caseledger verify` says where"
            ) from error
        raise SealingRefused(
            "the log in the database does not lead to its own checkpoint; `caseledger verify` says where"
        )

    def _require_continued(self, remembered: Checkpoint) -> None:
        """Compare the log with the checkpoint signed last; seal up to it where a crash came between. Raises SealingRefused."""
        missing = remembered.size - self._tree.size
        if missing <= 0:
            reader = LogReader(self._connection, self._log)
            if root_at(remembered.size, reader.hashes) != remembered.root:
                raise SealingRefused(f"the log in the database is not the one that was signed{_RESTORED}")
            return
        if self.seal(limit=missing, must_be=remembered) is None:
            raise SealingRefused(
                f"{remembered.size} leaves were signed; the database has {self._tree.size}, and too few events for the rest"
                f"{_RESTORED}"
            )

    def restart(self, reason: str) -> Checkpoint:
        """Begin another log over all events. Its leaf 0 names the log before it and the reason.

        Returns the last checkpoint of the log before it. Nothing is signed before the first `seal`. Raises SealingRefused.
        """
        note, current = self._folder.last_note(), self._row("current_log")
        self._memory = note
        if note is None and current is not None:  # the folder was lost: the database's last checkpoint must do
            last = self._row("last_checkpoint", current[0])
            note = last[2] if last else None
        if note is None:
            raise SealingRefused("nothing was ever sealed: there is no log to restart")
        previous = Checkpoint.of_text(note)
        self._log = max(_number_of(previous.origin), current[0] if current else 1) + 1
        self._origin = f"{_base_of(previous.origin)}/{self._log}"
        self._is_new, self._tree, self._position = True, Growing(), 0
        self._first = [restart_record(previous.origin, b64encode(note.encode()).decode(), reason)]
        return previous

    # sealing

    def run(
        self, stop: threading.Event, published: Published | None = None, beat: Callable[[], None] = lambda: None
    ) -> None:
        """Seal until ``stop`` is set; ``beat`` is called each time. Raises SealingRefused, psycopg.OperationalError, OSError."""
        self.resume()
        self._folder.refuse(None)
        if published is not None and (last := self._folder.last_note()) is not None:
            published(last, self._tree.size)
        while not stop.is_set():
            beat()
            before = self._tree.size
            note = self.seal()
            if note is not None:
                FIGURES.add("sealer", "entries", self._tree.size - before)
                FIGURES.add("sealer", "checkpoints")
                if published is not None:
                    published(note, self._tree.size)
            if self._tree.size - before < BATCH:
                stop.wait(EVERY)

    def seal(self, *, limit: int = BATCH, must_be: Checkpoint | None = None) -> str | None:
        """Seal the new events in one transaction; returns the signed note, None when there is no event.

        With ``must_be``, seal exactly up to that checkpoint; None when there are too few events. Raises SealingRefused.
        """
        with self._connection.transaction():
            events = max(0, limit - len(self._first))
            rows = self._connection.cursor(binary=True).execute(_SQL["new_events"], (self._position, events)).fetchall()
            if (not rows and not self._first) or (must_be is not None and len(rows) < events):
                return None
            position = rows[-1][0] if rows else self._position
            note = self._append([(0, leaf) for leaf in self._first] + [(r[0], leaf_record(*r)) for r in rows], must_be)
            self._connection.execute(_SQL["add_checkpoint"], (self._log, self._tree.size, position, note))
            self._remember(note)  # before the commit: nobody can see it yet
        self._position, self._first, self._is_new = position, [], False
        return note

    def _remember(self, note: str) -> None:
        """Keep a checkpoint in the folder, if it continues the one there. Raises SealingRefused, OSError."""
        with self._folder.alone():
            if self._folder.last_note() != self._memory:
                raise SealingRefused(
                    f"another sealer has signed with {self._folder.path} meanwhile: two servers believe to lead the database, "
                    "or two sealers share the folder on two databases. Nothing is sealed, since it might contradict that one"
                )
            if self._first:
                self._folder.remember_first_leaf(self._first[0].decode())
            self._folder.remember(note)
        self._memory = note

    def _append(self, leaves: list[tuple[int, bytes]], must_be: Checkpoint | None) -> str:
        """Write leaves and their new hashes; returns the signed checkpoint over the whole log."""
        if self._is_new:
            self._connection.execute(_SQL["open_log"], (self._log, self._origin))
        first = self._tree.size
        added = self._tree.append([leaf_hash(leaf) for _, leaf in leaves])
        with self._connection.cursor().copy(_SQL["add_entries"]) as copy:
            copy.set_types(("int4", "int8", "int8", "int2", "bytea"))
            for start, end in _runs(first, len(leaves)):
                run = leaves[start:end]
                data = deflated(pack_entries(leaf for _, leaf in run))
                copy.write_row((self._log, first + start, run[0][0], len(run), data))
        with self._connection.cursor().copy(_SQL["add_hashes"]) as copy:
            copy.set_types(("int4", "int2", "int8", "bytea"))
            for level, place, hashes in added[1:]:  # those of the leaves follow from the entries
                for start, end in _runs(place, len(hashes)):
                    copy.write_row((self._log, level, place + start, b"".join(hashes[start:end])))
        made = Checkpoint(self._origin, self._tree.size, self._tree.root())
        if must_be is not None:
            if made != must_be:
                raise SealingRefused(f"the events in the database are not those that were signed{_RESTORED}")
            return self._folder.last_note() or ""
        return self._signed(made)

    def _signed(self, made: Checkpoint) -> str:
        signers = self._folder.signers(self._origin)
        if not signers and not self._is_new:
            raise SealingRefused(
                f"the key of {self._origin} is missing from {self._folder.path}; restore it from its backup, or begin a new "
                "log (caseledger tlog restart --reason ...)"
            )
        if not signers:
            self._folder.add_key(Ed25519PrivateKey.generate())
            signers = self._folder.signers(self._origin)
        self._folder.publish_verifiers(signers)
        return str(signed(made.text(), signers))

    def _row(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(_SQL[query], values).fetchone()
        return row


_RESTORED = (
    ". Nothing is sealed, since a checkpoint must continue the one before. If an older backup was restored on purpose, "
    "`caseledger tlog restart --reason ...` begins a new log that names this one. Otherwise find out who changed the "
    "record (`caseledger verify`)"
)


def _runs(first: int, count: int) -> Iterator[tuple[int, int]]:
    """Runs that cross no multiple of 256, as offsets from ``first``."""
    start = 0
    while start < count:
        end = min(count, start + TILE - (first + start) % TILE)
        yield start, end
        start = end


def _followed_by(first_leaf: str) -> str:
    """The origin of the log that is followed by the log with this leaf 0."""
    found = re.search(r"^previous-origin (.+)$", first_leaf, re.MULTILINE)
    return found[1] if found else ""


def _number_of(origin: str) -> int:
    found = re.search(r"/(\d{1,6})$", origin)
    return int(found[1]) if found else 1


def _base_of(origin: str) -> str:
    return re.sub(r"/\d{1,6}$", "", origin)
