"""Imports another system's history, once, however often it is restarted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from itertools import repeat
from uuid import UUID

from eventsourcing.persistence import IntegrityError

from application.desk import Desk
from application.execution.identifiers import uuid7
from application.imports.servicenow import SourceRow
from application.ports import Beside
from domain.case import Case
from domain.policy import Policy
from domain.values import Actor, Origin, Provenance, Role, Via

_BATCH = 2_000
"""Rows per transaction."""
_VIA = Via("import")


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
    """Imports a source system's incidents from a file. Each event names its row."""

    def __init__(self, desk: Desk, system: str, file: str) -> None:
        self._runner, self._system, self._file = desk.runner, system, file
        self.done = Imported()

    async def run(self, incidents: Iterable[tuple[str, list[SourceRow]]], advance: Callable[[int], None]) -> Imported:
        """Import in batches of one transaction each. After a crash, the next run continues where this one stopped.

        ``advance`` receives the number of rows of each batch. Parsing runs in the event loop, which has no other work.
        """
        batch: dict[UUID, list[SourceRow]] = {}
        size = 0
        for number, rows in incidents:
            case_id = self._identity(number, rows[0])
            if case_id in batch or size >= _BATCH:
                await self._commit(batch)
                advance(size)
                batch, size = {}, 0
            batch[case_id] = rows
            size += len(rows)
        if batch:
            await self._commit(batch)
            advance(size)
        return self.done

    def _identity(self, number: str, first: SourceRow) -> UUID:
        """Derive an incident's id from its source, so that a repeated import finds its own cases."""
        opened = first.report.received_at
        return uuid7(opened, sha256(f"{self._system}\0{number}".encode()).digest())

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
            self.done.skipped_rows += sum(map(len, batch.values())) - rows
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
            fresh = [row for row in source if case is None or row.key not in case.imported_rows]
            if fresh:
                rows += len(fresh)
                cases.append(await self._replay(case_id, case, fresh, source[-1], policy))
        return cases, rows

    async def _replay(
        self, case_id: UUID, case: Case | None, fresh: list[SourceRow], last: SourceRow, policy: Policy
    ) -> Case:
        before: SourceRow | None = None
        for row in fresh:
            provenances = self._provenances(row, before, row is last)
            if case is None:
                number = await self._runner.register.next_case_number()
                case = Case.log_imported(case_id, number, row.report, next(provenances))
                case.observe(row.seen, policy, row.at, provenances, opening=True)
            else:
                case.observe(row.seen, policy, row.at, provenances)
            before = row
        assert case is not None
        return case

    def _provenances(self, row: SourceRow, before: SourceRow | None, last: bool) -> Iterator[Provenance]:
        """Yield provenances. A row's first event carries the row and its changes; the last row adds hindsight."""
        by, at = Actor("unknown" if row.by == "?" else row.by, Role.EXTERNAL), row.at.astimezone(UTC)
        said, outcome = row.changes(before), row.outcome if last else None
        origin = Origin(self._system, self._file, row.row, row.key, said, outcome)
        yield Provenance(by, _VIA, at, self._runner.random, origin, at)
        origin = Origin(self._system, self._file, row.row, row.key)
        yield from repeat(Provenance(by, _VIA, at, self._runner.random, origin, at))
