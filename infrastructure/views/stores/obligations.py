"""Stores the view of obligations."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.range import Range

from application.views.obligations import ObligationRow, ObligationsFold, concerns
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import statements, transposed
from infrastructure.views.stores.table import Table

_ENDED = attrgetter("case_id", "key", "until_position", "settled_at", "renewed")
_OWN = ("case_id", "key", "since", "settled_at", "renewed", "due_at", "kind", "about", "role", "team")
_own = attrgetter(*_OWN)


class ObligationsStore:
    """Folds the obligations of case events. The view of cases must have folded the same events before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("obligations", schema)
        self._table = Table(connection, schema, "obligations", (*_OWN, "positions", "number"))

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events with their positions, in order."""
        concerned = [(event, position) for event, position in events if concerns(event)]
        if not concerned:
            return
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        cursor.execute(self._sql["load"], (list({event.originator_id for event, _ in concerned}),))
        fold = ObligationsFold(ObligationRow(**row) for row in cursor)
        for event, position in concerned:
            fold.fold(event, position)
        if fold.ended:
            cursor.execute(self._sql["end"], transposed(map(_ENDED, fold.ended)))
        if fold.fresh:
            self._insert(fold.fresh)

    def _insert(self, fresh: list[ObligationRow]) -> None:
        cases = list({owed.case_id for owed in fresh})
        numbers = dict(self._connection.execute(self._sql["numbers"], (cases,)).fetchall())
        rows = ((*_own(o), Range(o.position, o.until_position), numbers[o.case_id]) for o in fresh)
        self._table.insert(rows)
