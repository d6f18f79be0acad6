"""Group commit: one writer a process drains what is waiting into one transaction under the advisory lock.

An fsync is shared by all that wait for it, and each command is answered for itself: expected versions and
idempotency keys are checked under the lock, what fails is left out, what passes is appended (audit.md, Traps).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any

import psycopg
from eventsourcing.persistence import OperationalError, PersistenceError

from application.faults import FAULTS
from infrastructure.postgres.append import PATIENCE, Append, Positions, as_persistence_error, deliver, refusal, resolve
from infrastructure.postgres.columns import columns
from infrastructure.postgres.database import Connect
from infrastructure.postgres.queries import load

_SQL = load("recorder")
_BATCH = 2_000
"""Events after which a batch is full: a bound on how long the lock is held, not a target."""
_BYTES = 4 * 1_048_576
"""The same of bytes."""
_ATTEMPTS = 5

_Answer = tuple[Positions | None, Exception | None]


class GroupCommit:
    """The one writer of a process. Its thread owns the connection; the condition guards only the queue.

    Whatever fails, the thread goes on: it answers who waits and takes the next batch. Nobody waits longer than ``patience``.
    """

    def __init__(self, connect: Connect, *, patience: float = PATIENCE) -> None:
        self._connect, self._patience = connect, patience
        self._waiting: deque[Append] = deque()
        self._condition = threading.Condition(threading.Lock())
        self._closing = threading.Event()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._thread: threading.Thread | None = None
        self.commits = 0
        """Transactions so far; read by the metrics."""

    def append(self, append: Append) -> Positions:
        """Commit, together with whatever else waits. Returns position and recording time of each event.

        Raises IntegrityError for a version that is taken, KeyTaken for an idempotency key that is, ReferenceMoved
        when catalogue, policy or grants are not what it was decided under,
        OperationalError when the database cannot be reached, or does not answer in time.
        """
        self._enqueue(append)
        if append.answered_within(append.patience or self._patience) or self._withdraw(append):
            return append.answer()
        raise _unanswered(append)

    async def append_soon(self, append: Append) -> Positions:
        """Do the same without a thread: await one future, which the writer sets together with those of its whole batch."""
        loop = asyncio.get_running_loop()
        append.future = loop.create_future()
        self._enqueue(append)
        deadline = loop.call_later(append.patience or self._patience, resolve, (append.future,))
        try:
            await append.future
        except asyncio.CancelledError:
            self._withdraw(append)
            raise
        finally:
            deadline.cancel()
        if append.finished or self._withdraw(append):
            return append.answer()
        raise _unanswered(append)

    def _enqueue(self, append: Append) -> None:
        with self._condition:
            if self._closing.is_set():
                raise OperationalError("the event store is closed")
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
                self._thread.start()
            self._waiting.append(append)
            self._condition.notify()

    def _withdraw(self, append: Append) -> bool:
        """Take a command back that was not answered in time. Returns whether its answer has just come."""
        with self._condition:
            append.given_up = True
            if not append.in_flight:
                self._waiting.remove(append)
        return append.finished

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._condition:
            self._closing.set()
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(2 * self._patience)
        self._disconnect()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing.is_set():
                    self._condition.wait()
                if not self._waiting:
                    return
                batch = self._take()
            self._carry_out(batch)

    def _carry_out(self, batch: list[Append]) -> None:
        """Commit a batch. Whatever goes wrong, each command of it is answered and the writer lives on."""
        try:
            self._commit(batch)
        except Exception as error:  # noqa: BLE001 - idem
            FAULTS.add("writer of the event store", error)
            for append in batch:
                if not append.finished:
                    append.finish(error=PersistenceError(f"the event store failed: {error!r}"))
        deliver(batch)

    def _take(self) -> list[Append]:
        """The next batch, in order of arrival: nothing in it competes for the same version or key.

        Who competes with an earlier one waits for the next batch, where that one's fate is known.
        """
        batch: list[Append] = []
        wanted: set[Any] = set()
        events = size = 0
        while self._waiting and events < _BATCH and size < _BYTES:
            append = self._waiting[0]
            wants: set[Any] = {(e.originator_id, e.originator_version) for e in append.events}
            if append.answered:
                wants.add(append.answered.key)
            if batch and (append.heavy or batch[0].heavy or not wanted.isdisjoint(wants)):
                break
            wanted |= wants
            events, size = events + len(append.events), size + append.size
            append.in_flight = True
            batch.append(self._waiting.popleft())
        return batch

    def _commit(self, batch: list[Append]) -> None:
        failure: Exception | None = None
        for attempt in range(_ATTEMPTS):
            try:
                answers = self._answers(batch, self._write(batch))
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self._disconnect()
                failure = OperationalError(f"the event store cannot be reached: {error}")
                if not self._is_awaited(batch):
                    break
                self._closing.wait(0.05 * 2**attempt)
            except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits must hear of it
                self._disconnect()
                if len(batch) > 1:  # one of them is to blame: the others shall not pay for it
                    for append in batch:
                        self._commit([append])
                    return
                failure = as_persistence_error(error)
                break
            else:
                self.commits += 1
                for append, answer in zip(batch, answers, strict=True):
                    append.finish(*answer)
                return
        for append in batch:
            append.finish(error=failure)

    @staticmethod
    def _is_awaited(batch: list[Append]) -> bool:
        """Mark a batch whose answer was lost; says whether anybody still waits for it."""
        for append in batch:
            append.in_doubt = True
        return not all(append.given_up for append in batch)

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
        if batch[0].heavy:
            return self._write_heavy(cursor, batch[0])
        return cursor.execute(_SQL["append"], columns(batch), prepare=True).fetchall()

    @staticmethod
    def _write_heavy(cursor: psycopg.Cursor[tuple[Any, ...]], append: Append) -> list[tuple[Any, ...]]:
        """What takes long goes before the lock of all appends: deletions and the wait for a fold, files, raw mails."""
        with cursor.connection.transaction():
            if (erasing := append.erasing) is not None:
                kinds = sorted(kind.value for kind in erasing.kinds)
                cursor.execute(_SQL["hold_fold"])
                cursor.execute(_SQL["erase"], (erasing.subject, kinds, list(erasing.streams)))
            for event, said in append.large:
                key = (event.originator_id, event.originator_version, bytes.fromhex(said.digest))
                cursor.execute(_SQL["keep_disclosure"], (*key, said.salt, said.kind.value, said.subject, said.value))
            for event, said in append.contents:
                stream, version = event.originator_id, event.originator_version
                cursor.execute(_SQL["keep_content"], (stream, version, bytes.fromhex(said.digest), said.content))
            rows = cursor.execute(_SQL["append"], columns([append])).fetchall()
            if any(refused is not None for refused, *_ in rows):
                raise psycopg.Rollback
        return rows

    def _answers(self, batch: list[Append], rows: list[tuple[Any, ...]]) -> list[_Answer]:
        """What each of a batch is answered. Raises psycopg.OperationalError where that must be looked up and cannot."""
        refusals: dict[int, str] = {command: why for command, why, _, _ in rows if command is not None}
        answers, start = list[_Answer](), len(refusals)
        for command, append in enumerate(batch):
            why = refusals.get(command)
            if why is None:
                end = start + len(append.events)
                answers.append(([(position, at) for _, _, position, at in rows[start:end]], None))
                start = end
            elif append.in_doubt and (positions := self._committed_before(append)):
                answers.append((positions, None))
            else:
                answers.append((None, refusal(why)))
        return answers

    def _committed_before(self, append: Append) -> Positions | None:
        """The positions of an append whose answer was lost. An event's nonce makes its bytes its own."""
        ids, versions = [e.originator_id for e in append.events], [e.originator_version for e in append.events]
        rows = self._cursor().execute(_SQL["stored"], (ids, versions)).fetchall()
        if [bytes(state) for _, _, state in rows] != [e.state for e in append.events]:
            return None
        return [(position, at) for position, at, _ in rows]


def _unanswered(append: Append) -> OperationalError:
    outcome = "whether it was recorded is not known" if append.in_flight else "nothing was recorded"
    return OperationalError(f"the event store does not answer in time; {outcome}")
