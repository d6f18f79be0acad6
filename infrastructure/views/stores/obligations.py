"""Stores the view of obligations."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import psycopg
from psycopg.rows import dict_row

from application.views.obligations import ObligationRow, ObligationsFold, concerns
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import statements, transposed

_ENDED = attrgetter("case_id", "key", "until_position", "settled_at", "renewed")
_FRESH = attrgetter(
    *("case_id", "key", "position", "until_position", "since", "settled_at", "renewed", "due_at"),
    *("kind", "about", "role", "team"),
)


class ObligationsStore:
    """Folds what case events owe and settle. The view of cases must have folded them before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("obligations", schema)

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
            cursor.execute(self._sql["insert"], transposed(map(_FRESH, fold.fresh)))
