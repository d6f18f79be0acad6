"""Imports another system's history, once, however often it is restarted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.persistence import IntegrityError

from application.desk import Desk
from application.imports.mapping import Mapping
from application.imports.replay import Replay
from application.imports.source import SourceRow
from application.ports import Beside
from domain.case import Case

_BATCH = 2_000
"""Rows per transaction."""


@dataclass
class Imported:
    """The result of an import."""

    cases: int = 0
    """New cases."""
    rows: int = 0
    """New rows."""
    skipped_rows: int = 0
    """Rows imported earlier."""
    events: int = 0
    position: int = 0
    """Position of the last event."""


class Importer:
    """Imports a source system's cases from a file. Each event names its row."""

    def __init__(self, desk: Desk, mapping: Mapping, file: str) -> None:
        self._runner, self.done = desk.runner, Imported()
        self._replay = Replay(mapping, file, desk.runner.random, desk.pseudonyms.of)

    async def run(self, cases: Iterable[tuple[str, list[SourceRow]]], advance: Callable[[int], None]) -> Imported:
        """Import in batches of one transaction each. After a crash, the next run continues where this one stopped.

        ``advance`` receives the number of rows of each batch. Parsing runs in the event loop, which has no other work.
        """
        batch: dict[UUID, list[SourceRow]] = {}
        size = 0
        for number, rows in cases:
            case_id = self._replay.identity(number, rows[0])
            if case_id in batch or size >= _BATCH:
                await self._commit(batch)
                advance(size)
                batch, size = {}, 0
            batch[case_id] = rows
            size += _lines(rows)
        if batch:
            await self._commit(batch)
            advance(size)
        return self.done

    async def _commit(self, batch: dict[UUID, list[SourceRow]]) -> None:
        while True:
            cases, rows = await self._replayed(batch)
            numbers = [(case.number, case.id) for case in cases if case.is_new]
            events = sum(len(case.pending_events) for case in cases)
            try:
                position = await self._runner.store.append(cases, Beside(numbers=numbers)) if cases else None
            except IntegrityError:
                continue  # another import of the same file committed first: look again
            self.done.cases += len(numbers)
            self.done.rows += rows
            self.done.skipped_rows += sum(map(_lines, batch.values())) - rows
            self.done.events += events
            if position is not None:
                self.done.position = position
            return

    async def _replayed(self, batch: dict[UUID, list[SourceRow]]) -> tuple[list[Case], int]:
        """Return a batch's cases with their new rows applied, and the number of new rows."""
        known = await self._runner.register.existing(batch)
        policy = (await self._runner.references.current()).policy
        cases, rows = list[Case](), 0
        for case_id, source in batch.items():
            case = await self._runner.repository.find(Case, case_id) if case_id in known else None
            if fresh := self._replay.fresh(case, source):
                rows += _lines(fresh)
                number = await self._runner.register.next_case_number() if case is None else case.number
                cases.append(await self._replay.case(case_id, number, case, source, policy))
        return cases, rows


def _lines(rows: Iterable[SourceRow]) -> int:
    """How many lines of the file some observations were read from."""
    return len({row.row for row in rows})
