"""Stores the view of open reports, and how many of them have each term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from application.views.open_reports import changes, compared_of, day_term, terms_of
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import statements
from infrastructure.views.stores.table import Table

_COLUMNS = ("case_id", "number", "received_at", "service", "external_ref", "terms")


class OpenReportsStore:
    """Folds reports of open cases. The view of cases must have folded the same events before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("open_reports", schema)
        self._table = Table(connection, schema, "open_reports", _COLUMNS)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events, in order. The vault is read once for all cases whose report changed."""
        changed = {event.originator_id: event.originator_version for event, _ in events if changes(event)}
        if changed:
            counts = self._forget(list(changed))
            counts.update(self._keep(changed))
            self._count(counts)

    def _forget(self, ids: list[UUID]) -> Counter[int]:
        cursor = self._connection.cursor(binary=True)
        gone: Counter[int] = Counter()
        for (terms,) in cursor.execute(self._sql["forget"], (ids,)):
            gone.subtract(terms)
        return gone

    def _keep(self, changed: dict[UUID, int]) -> Counter[int]:
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        cursor.execute(self._sql["reports"], (list(changed), list(changed.values())))
        reports = [(row, terms) for row in cursor if (terms := terms_of(compared_of(row["values"])))]
        rows = [{**row, "terms": [day_term(row["received_at"]), *sorted(terms)]} for row, terms in reports]
        self._table.insert([row[name] for name in _COLUMNS] for row in rows)
        return Counter(term for row in rows for term in row["terms"])

    def _count(self, counts: Counter[int]) -> None:
        if changed := sorted((term, cases) for term, cases in counts.items() if cases):
            terms, cases = map(list, zip(*changed, strict=True))
            self._connection.execute(self._sql["count"], (terms, cases))
            self._connection.execute(self._sql["drop_unused"], ([term for term, cases in changed if cases < 0],))
