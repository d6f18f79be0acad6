"""Group commit: one writer a process drains what is waiting into one transaction under the advisory lock.

An fsync is shared by all that wait for it, and each command is answered for itself: expected versions and
idempotency keys are checked under the lock, what fails is left out, what passes is appended (audit.md, Traps).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from eventsourcing.persistence import OperationalError, PersistenceError

from application.faults import FAULTS
from application.figures import FIGURES
from infrastructure.postgres.append import PATIENCE, Append, Positions, as_persistence_error, columns, refusal
from infrastructure.postgres.connections import AsyncConnection
from infrastructure.postgres.queries import load

_SQL = load("recorder")
_BATCH = 2_000
"""Events after which a batch is full: a bound on how long the lock is held, not a target."""
_BYTES = 4 * 1_048_576
"""The same of bytes."""
_SHARED = 16
"""Commands that share a commit well. More of them cost each of them hardly less."""
_MOMENT, _MOMENTS = 0.001, 4
"""Seconds that others are waited for, and how often at most. A timer of the event loop knows milliseconds."""
_ATTEMPTS = 5

Connect = Callable[[], Awaitable[AsyncConnection]]
_Answer = tuple[Positions | None, Exception | None]


class GroupCommit:
    """One writer of a process, in its event loop. While a batch is on its way, the next one gathers.

    Whatever fails, the writer goes on: it answers who waits and takes the next batch. Nobody waits longer than ``patience``.
    """

    def __init__(self, connect: Connect, *, patience: float = PATIENCE) -> None:
        self._connect, self._patience = connect, patience
        self._waiting: deque[Append] = deque()
        self._connection: AsyncConnection | None = None
        self._writing: asyncio.Task[None] | None = None
        self._closed = self._several = False
        self.commits = 0
        """Transactions so far."""

    async def append(self, append: Append) -> Positions:
        """Commit, together with whatever else waits. Returns position and recording time of each event.

        Raises IntegrityError for a version that is taken, KeyTaken for an idempotency key that is, ReferenceMoved
        when catalogue, policy or grants are not what it was decided under,
        OperationalError when the database cannot be reached, or does not answer in time.
        """
        if self._closed:
            raise OperationalError("the event store is closed")
        loop = asyncio.get_running_loop()
        append.future = loop.create_future()
        self._waiting.append(append)
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write_all())
        impatience = loop.call_later(append.patience or self._patience, append.wake)
        try:
            await append.future
        except asyncio.CancelledError:
            self._withdraw(append)
            raise
        finally:
            impatience.cancel()
        if append.finished or self._withdraw(append):
            return append.answer()
        raise _unanswered(append)

    def _withdraw(self, append: Append) -> bool:
        """Take a command back that was not answered in time. Returns whether its answer has just come."""
        append.given_up = True
        if not append.in_flight:
            self._waiting.remove(append)
        return append.finished

    async def close(self) -> None:
        """Commit what waits, then stop."""
        self._closed = True
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=2 * self._patience)
            self._writing.cancel()
        await self._disconnect()

    async def _write_all(self) -> None:
        """Write batch after batch until nothing waits."""
        while self._waiting:
            await self._gather()
            batch = self._take()
            self._several = len(batch) > 1
            await self._carry_out(batch)

    async def _gather(self) -> None:
        """Where several came at once, wait while each moment brings more: a commit costs as much for one as for many."""
        known = 0 if self._several else _SHARED
        for _ in range(_MOMENTS):
            if not known < len(self._waiting) < _SHARED:
                return
            known = len(self._waiting)
            await asyncio.sleep(_MOMENT)

    async def _carry_out(self, batch: list[Append]) -> None:
        """Commit a batch. Whatever goes wrong, each command of it is answered and the writer lives on."""
        try:
            await self._commit(batch)
        except Exception as error:  # noqa: BLE001 - idem
            FAULTS.add("writer of the event store", error)
            for append in batch:
                if not append.finished:
                    append.finish(error=PersistenceError(f"the event store failed: {error!r}"))
        for append in batch:
            append.wake()

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
            wants.update((of, version + 1) for of, version in append.read)
            if append.answered:
                wants.add(append.answered.key)
            if batch and (append.heavy or batch[0].heavy or not wanted.isdisjoint(wants)):
                break
            wanted |= wants
            events, size = events + len(append.events), size + append.size
            append.in_flight = True
            batch.append(self._waiting.popleft())
        return batch

    async def _commit(self, batch: list[Append]) -> None:
        failure: Exception | None = None
        for attempt in range(_ATTEMPTS):
            try:
                answers = await self._answers(batch, await self._write(batch))
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                await self._disconnect()
                failure = OperationalError(f"the event store cannot be reached: {error}")
                if not self._is_awaited(batch):
                    break
                await asyncio.sleep(0.05 * 2**attempt)
            except Exception as error:  # noqa: BLE001 - whatever it is, everybody who waits must hear of it
                await self._disconnect()
                if len(batch) > 1:  # one of them is to blame: the others shall not pay for it
                    for append in batch:
                        await self._commit([append])
                    return
                failure = as_persistence_error(error)
                break
            else:
                self.commits += 1
                FIGURES.add("group commit", "commits")
                FIGURES.add("group commit", "commands", len(batch))
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

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _cursor(self) -> psycopg.AsyncCursor[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
        return self._connection.cursor(binary=True)

    async def _write(self, batch: list[Append]) -> list[tuple[Any, ...]]:
        cursor = await self._cursor()
        if batch[0].heavy:
            return await self._write_heavy(cursor, batch[0])
        return await (await cursor.execute(_SQL["append"], columns(batch), prepare=True)).fetchall()

    @staticmethod
    async def _write_heavy(cursor: psycopg.AsyncCursor[tuple[Any, ...]], append: Append) -> list[tuple[Any, ...]]:
        """What takes long goes before the lock of all appends: deletions and the wait for a fold, files, raw mails."""
        async with cursor.connection.transaction():
            if (erasing := append.erasing) is not None:
                kinds = sorted(kind.value for kind in erasing.kinds)
                await cursor.execute(_SQL["hold_fold"])
                await cursor.execute(_SQL["erase"], (erasing.subject, kinds, list(erasing.streams)))
            for event, said in append.large:
                key = (event.originator_id, event.originator_version, bytes.fromhex(said.digest))
                await cursor.execute(
                    _SQL["keep_disclosure"], (*key, said.salt, said.kind.value, said.subject, said.value)
                )
            for event, said in append.contents:
                stream, version = event.originator_id, event.originator_version
                await cursor.execute(_SQL["keep_content"], (stream, version, bytes.fromhex(said.digest), said.content))
            rows = await (await cursor.execute(_SQL["append"], columns([append]))).fetchall()
            if any(refused is not None for refused, *_ in rows):
                raise psycopg.Rollback
        return rows

    async def _answers(self, batch: list[Append], rows: list[tuple[Any, ...]]) -> list[_Answer]:
        """What each of a batch is answered. Raises psycopg.OperationalError where that must be looked up and cannot."""
        refusals: dict[int, str] = {command: why for command, why, _, _ in rows if command is not None}
        answers, start = list[_Answer](), len(refusals)
        for command, append in enumerate(batch):
            why = refusals.get(command)
            if why is None:
                end = start + len(append.events)
                answers.append(([(position, at) for _, _, position, at in rows[start:end]], None))
                start = end
            elif append.in_doubt and (positions := await self._committed_before(append)):
                answers.append((positions, None))
            else:
                answers.append((None, refusal(why)))
        return answers

    async def _committed_before(self, append: Append) -> Positions | None:
        """The positions of an append whose answer was lost. An event's nonce makes its bytes its own."""
        ids, versions = [e.originator_id for e in append.events], [e.originator_version for e in append.events]
        cursor = await (await self._cursor()).execute(_SQL["stored"], (ids, versions))
        rows = await cursor.fetchall()
        if [bytes(state) for _, _, state in rows] != [e.state for e in append.events]:
            return None
        return [(position, at) for position, at, _ in rows]


def _unanswered(append: Append) -> OperationalError:
    outcome = "whether it was recorded is not known" if append.in_flight else "nothing was recorded"
    return OperationalError(f"the event store does not answer in time; {outcome}")
