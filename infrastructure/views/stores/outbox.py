"""Stores the view of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from application.views.outbox import MessageFold, new_fold, resume_fold
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import statements, transposed


class OutboxStore:
    """Folds events of mails into their table."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("outbox", schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events of mails, in order. Raises whatever an event's fold raises."""
        if not events:
            return
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        cursor.execute(self._sql["load"], (list({event.originator_id for event, _ in events}),))
        folds: dict[Any, MessageFold] = {row["id"]: resume_fold(row) for row in cursor}
        for event, _ in events:
            fold = folds.get(event.originator_id)
            if fold is None:
                fold = folds[event.originator_id] = new_fold(event)
            fold.fold(event)
        cursor.execute(self._sql["store"], transposed(fold.row() for fold in folds.values()))
