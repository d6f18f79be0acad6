"""Group commit: one writer a process drains what is waiting into one transaction under the advisory lock.

An fsync is shared by all that wait for it, and each command is answered for itself: expected versions and
idempotency keys are checked under the lock, what fails is left out, what passes is appended (audit.md, Traps).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, OperationalError, PersistenceError

from application.ports import Answered, Erasure, KeyTaken, ReferenceMoved
from domain.values import Disclosure
from infrastructure.postgres.database import Connect
from infrastructure.postgres.queries import load
from infrastructure.postgres.stored import LedgerEvent

_SQL = load("recorder")
_BATCH = 2_000
"""Events after which a batch is full: a bound on how long the lock is held, not a target."""
_ATTEMPTS = 5

Positions = list[tuple[int, datetime]]


@dataclass(eq=False)
class Append:
    """What one command wants on the record, and, once decided, its answer."""

    events: Sequence[LedgerEvent]
    answered: Answered | None = None
    numbers: Sequence[tuple[str, UUID]] = ()
    known: int | None = None
    """The position of the reference data it was decided under, where it was decided under any."""
    erasing: Erasure | None = None
    """What is deleted from the vault with it."""
    positions: Positions = field(default_factory=list)
    error: Exception | None = None
    in_doubt: bool = False
    """Sent once already, and the connection broke before the answer: it may have been committed."""
    _done: threading.Lock = field(default_factory=threading.Lock)

    @property
    def contents(self) -> list[tuple[LedgerEvent, Disclosure]]:
        """The files that go into the vault with it."""
        return [(event, said) for event in self.events for said in event.disclosures if said.content is not None]

    @property
    def alone(self) -> bool:
        """Whether it is a transaction of its own: nobody's answer shall depend on an erasure, or wait for a file."""
        return self.erasing is not None or bool(self.contents)

    def __post_init__(self) -> None:
        self._done.acquire()

    def finish(self, positions: Positions | None = None, error: Exception | None = None) -> None:
        """Answer the one who waits."""
        self.positions, self.error = positions or [], error
        self._done.release()

    def wait(self) -> Positions:
        """Block until it is committed or refused. Raises what refused it."""
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return self.positions


class GroupCommit:
    """The one writer of a process. Its thread owns the connection; the condition guards only the queue."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._waiting: deque[Append] = deque()
        self._condition = threading.Condition(threading.Lock())
        self._closing = threading.Event()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self.commits = 0
        """Transactions so far; read by the metrics."""

    def append(self, append: Append) -> Positions:
        """Commit, together with whatever else waits; returns position and recording time of each event.

        Raises IntegrityError for a version that is taken, KeyTaken for an idempotency key that is, ReferenceMoved
        when catalogue, policy or grants are not what it was decided under,
        OperationalError when the database cannot be reached.
        """
        with self._condition:
            if self._closing.is_set():
                raise OperationalError("the event store is closed")
            if self._thread.ident is None:
                self._thread.start()
            self._waiting.append(append)
            self._condition.notify()
        return append.wait()

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._condition:
            self._closing.set()
            self._condition.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._disconnect()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing.is_set():
                    self._condition.wait()
                if not self._waiting:
                    return
                batch = self._take()
            self._commit(batch)

    def _take(self) -> list[Append]:
        """The next batch, in order of arrival: nothing in it competes for the same version or key.

        Who competes with an earlier one waits for the next batch, where that one's fate is known.
        """
        batch: list[Append] = []
        wanted: set[Any] = set()
        size = 0
        while self._waiting and size < _BATCH:
            append = self._waiting[0]
            wants: set[Any] = {(e.originator_id, e.originator_version) for e in append.events}
            if append.answered:
                wants.add(append.answered.key)
            if batch and (append.alone or batch[0].alone or not wanted.isdisjoint(wants)):
                break
            wanted |= wants
            size += len(append.events)
            batch.append(self._waiting.popleft())
        return batch

    def _commit(self, batch: list[Append]) -> None:
        failure: Exception | None = None
        for attempt in range(_ATTEMPTS):
            try:
                rows = self._write(batch)
            except psycopg.OperationalError as error:
                self._disconnect()
                failure = OperationalError(f"the event store cannot be reached: {error}")
                for append in batch:
                    append.in_doubt = True
                self._closing.wait(0.05 * 2**attempt)
            except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits must hear of it
                self._disconnect()
                if len(batch) > 1:  # one of them is to blame: the others shall not pay for it
                    for append in batch:
                        self._commit([append])
                    return
                failure = _as_persistence_error(error)
                break
            else:
                self.commits += 1
                self._answer(batch, rows)
                return
        for append in batch:
            append.finish(error=failure)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection.cursor(binary=True)

    def _write(self, batch: list[Append]) -> list[tuple[Any, ...]]:
        cursor = self._cursor()
        if batch[0].alone:
            return self._write_alone(cursor, batch[0])
        return cursor.execute(_SQL["append"], _columns(batch), prepare=True).fetchall()

    @staticmethod
    def _write_alone(cursor: psycopg.Cursor[tuple[Any, ...]], append: Append) -> list[tuple[Any, ...]]:
        """What takes long goes before the lock of all appends: the wait for a fold, and files on their way."""
        with cursor.connection.transaction():
            if append.erasing is not None:
                cursor.execute(_SQL["hold_fold"])
            for event, said in append.contents:
                stream, version = event.originator_id, event.originator_version
                cursor.execute(_SQL["keep_content"], (stream, version, bytes.fromhex(said.digest), said.content))
            rows = cursor.execute(_SQL["append"], _columns([append])).fetchall()
            if any(refused is not None for refused, *_ in rows):
                raise psycopg.Rollback
            if (erasing := append.erasing) is not None:
                kinds = sorted(kind.value for kind in erasing.kinds)
                cursor.execute(_SQL["erase"], (erasing.subject, kinds, list(erasing.streams)))
        return rows

    def _answer(self, batch: list[Append], rows: list[tuple[Any, ...]]) -> None:
        refusals: dict[int, str] = {command: why for command, why, _, _ in rows if command is not None}
        start = len(refusals)
        for command, append in enumerate(batch):
            why = refusals.get(command)
            if why is None:
                end = start + len(append.events)
                append.finish([(position, at) for _, _, position, at in rows[start:end]])
                start = end
            elif append.in_doubt and (positions := self._committed_before(append)):
                append.finish(positions)
            elif why == "key":
                append.finish(error=KeyTaken("the idempotency key was used in the meantime"))
            elif why == "reference":
                append.finish(error=ReferenceMoved("catalogue, policy or grants were changed in the meantime"))
            else:
                append.finish(error=IntegrityError("the version is taken: somebody else appended first"))

    def _committed_before(self, append: Append) -> Positions | None:
        """The positions of an append whose answer was lost. An event's nonce makes its bytes its own."""
        ids, versions = [e.originator_id for e in append.events], [e.originator_version for e in append.events]
        rows = self._cursor().execute(_SQL["stored"], (ids, versions)).fetchall()
        if [bytes(state) for _, _, state in rows] != [e.state for e in append.events]:
            return None
        return [(position, at) for position, at, _ in rows]


def _as_persistence_error(error: Exception) -> PersistenceError:
    if isinstance(error, PersistenceError):
        return error
    if isinstance(error, psycopg.IntegrityError):  # a command that wants one version twice, say
        return IntegrityError(str(error))
    return PersistenceError(str(error))


def _columns(batch: list[Append]) -> tuple[list[Any], ...]:
    """The batch as the parallel arrays that `ledger.append` takes."""
    events = [(c, e) for c, append in enumerate(batch) for e in append.events]
    said = [(c, e, d) for c, e in events for d in e.disclosures]
    numbers = [(c, number, of) for c, append in enumerate(batch) for number, of in append.numbers]
    answers = [(c, append.answered) for c, append in enumerate(batch) if append.answered]
    return (
        [c for c, _ in events],
        [e.originator_id for _, e in events],
        [e.originator_version for _, e in events],
        [e.topic for _, e in events],
        [e.state for _, e in events],
        [c for c, _, _ in said],
        [e.originator_id for _, e, _ in said],
        [e.originator_version for _, e, _ in said],
        [bytes.fromhex(d.digest) for _, _, d in said],
        [d.salt for _, _, d in said],
        [d.kind.value for _, _, d in said],
        [d.subject for _, _, d in said],
        [d.value for _, _, d in said],
        [c for c, _, _ in numbers],
        [number for _, number, _ in numbers],
        [of for _, _, of in numbers],
        [c for c, _ in answers],
        [a.key for _, a in answers],
        [a.request for _, a in answers],
        [a.originator_id for _, a in answers],
        [a.version for _, a in answers],
        [a.status for _, a in answers],
        [c for c, append in enumerate(batch) if append.known is not None],
        [append.known for append in batch if append.known is not None],
    )
