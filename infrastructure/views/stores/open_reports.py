"""Stores the view of open reports, and how many of them have each term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from application.views.open_reports import changes, compared_of, day_term, terms_of
from domain.aggregate import Recorded
from domain.case.clauses.logging import Logged
from infrastructure.views.stores.statements import statements
from infrastructure.views.stores.table import Table

_COLUMNS = ("case_id", "number", "received_at", "service", "external_ref", "terms")


class OpenReportsStore:
    """Folds reports of open cases. The view of cases must have folded the same events before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("open_reports", schema)
        self._table = Table(connection, schema, "open_reports", _COLUMNS)

    def fold(self, events: Sequence[tuple[Recorded, int]], reported: Mapping[UUID, Sequence[str]]) -> None:
        """Fold case events, in order. ``reported`` holds the disclosures' values of reports, in order of version."""
        changed = {event.originator_id for event, _ in events if changes(event)}
        counts = self._forget(changed - {event.originator_id for event, _ in events if isinstance(event, Logged)})
        counts.update(self._keep({id_: reported[id_] for id_ in changed if id_ in reported}))
        self._count(counts)

    def _forget(self, ids: Collection[UUID]) -> Counter[int]:
        gone: Counter[int] = Counter()
        if ids:
            for (terms,) in self._connection.cursor(binary=True).execute(self._sql["forget"], (list(ids),)):
                gone.subtract(terms)
        return gone

    def _keep(self, reported: Mapping[UUID, Sequence[str]]) -> Counter[int]:
        terms = {id_: found for id_, values in reported.items() if (found := terms_of(compared_of(values)))}
        if not terms:
            return Counter()
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        cursor.execute(self._sql["open"], (list(terms),))
        rows = [{**row, "terms": [day_term(row["received_at"]), *sorted(terms[row["case_id"]])]} for row in cursor]
        self._table.insert([row[name] for name in _COLUMNS] for row in rows)
        return Counter(term for row in rows for term in row["terms"])

    def _count(self, counts: Counter[int]) -> None:
        if changed := sorted((term, cases) for term, cases in counts.items() if cases):
            terms, cases = map(list, zip(*changed, strict=True))
            self._connection.execute(self._sql["count"], (terms, cases))
            if fewer := [term for term, cases in changed if cases < 0]:
                self._connection.execute(self._sql["drop_unused"], (fewer,))
