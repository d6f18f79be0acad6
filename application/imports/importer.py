"""Brings another system's history onto the record, once, however often it is started again."""

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
from domain.case import Case
from domain.values import Actor, Origin, Provenance, Role, Via

_BATCH = 2_000
"""Rows a transaction."""
_VIA = Via("import")


@dataclass
class Imported:
    """What an import did."""

    cases: int = 0
    """Cases that were new."""
    rows: int = 0
    """Rows that were new."""
    skipped_rows: int = 0
    """Rows that had been imported before."""
    events: int = 0
    position: int = 0
    """Position of the last event."""


class Importer:
    """Imports incidents of a source system from a file; each event says from which row."""

    def __init__(self, desk: Desk, system: str, file: str) -> None:
        self._desk, self._system, self._file = desk, system, file
        self.done = Imported()

    def run(self, incidents: Iterable[tuple[str, list[SourceRow]]], advance: Callable[[int], None]) -> Imported:
        """Import in batches, each one transaction: killed half-way, the next run goes on where this one was."""
        batch: dict[UUID, list[SourceRow]] = {}
        size = 0
        for number, rows in incidents:
            case_id = self._identity(number, rows[0])
            if case_id in batch or size >= _BATCH:
                self._commit(batch)
                advance(size)
                batch, size = {}, 0
            batch[case_id] = rows
            size += len(rows)
        if batch:
            self._commit(batch)
            advance(size)
        return self.done

    def _identity(self, number: str, first: SourceRow) -> UUID:
        """The id of an incident follows from its source, so that an import done twice meets its own cases."""
        opened = first.report.received_at
        return uuid7(opened, sha256(f"{self._system}\0{number}".encode()).digest())

    def _commit(self, batch: dict[UUID, list[SourceRow]]) -> None:
        while True:
            known = self._desk.register.existing(batch)
            cases, numbers, rows = [], [], 0
            for case_id, source in batch.items():
                case = self._desk.repository.get(case_id) if case_id in known else None
                fresh = [row for row in source if case is None or row.key not in case.imported_rows]
                if not fresh:
                    continue
                rows += len(fresh)
                cases.append(self._replay(case_id, case, fresh, source[-1]))
                if case is None:
                    numbers.append((cases[-1].number, case_id))
            events = sum(len(case.pending_events) for case in cases)
            try:
                recordings = self._desk.save(*cases, numbers=numbers) if cases else []
            except IntegrityError:
                continue  # another import of the same file was first: look again what is left
            self.done.cases += len(numbers)
            self.done.rows += rows
            self.done.skipped_rows += sum(map(len, batch.values())) - rows
            self.done.events += events
            if recordings:
                self.done.position = recordings[-1].notification.id
            return

    def _replay(self, case_id: UUID, case: Case | None, fresh: list[SourceRow], last: SourceRow) -> Case:
        before: SourceRow | None = None
        for row in fresh:
            provenances = self._provenances(row, before, row is last)
            if case is None:
                number = self._desk.register.next_case_number()
                case = Case.log_imported(case_id, number, row.report, next(provenances))
                case.observe(row.seen, self._desk.policy, row.at, provenances, opening=True)
            else:
                case.observe(row.seen, self._desk.policy, row.at, provenances)
            before = row
        assert case is not None
        return case

    def _provenances(self, row: SourceRow, before: SourceRow | None, last: bool) -> Iterator[Provenance]:
        """The first event of a row carries the row, what it changed and, at the end, what was known in hindsight."""
        by, at = Actor("unknown" if row.by == "?" else row.by, Role.EXTERNAL), row.at.astimezone(UTC)
        said, outcome = row.changes(before), row.outcome if last else None
        origin = Origin(self._system, self._file, row.row, row.key, said, outcome)
        yield Provenance(by, _VIA, at, self._desk.random, origin, at)
        origin = Origin(self._system, self._file, row.row, row.key)
        yield from repeat(Provenance(by, _VIA, at, self._desk.random, origin, at))
