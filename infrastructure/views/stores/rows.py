"""Stores a view that keeps one row for each aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from application.views.rows import RowFold
from domain.aggregate import Recorded
from infrastructure.views.stores.table import Table


class RowStore:
    """Folds the events of one kind of aggregate into their table, a row for each."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str, table: str, fold: type[RowFold]) -> None:
        self._fold = fold
        self._table = Table(connection, schema, table, fold.COLUMNS.names)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events, in order. Raises whatever an event's fold raises."""
        if not events:
            return
        ids = {event.originator_id for event, _ in events}
        folds: dict[UUID, RowFold] = {row["id"]: self._fold.resume(row) for row in self._table.load("id", ids)}
        for event, _ in events:
            fold = folds.get(event.originator_id)
            if fold is None and (fold := self._fold.open(event)) is not None:
                folds[fold.id] = fold
            if fold is not None:
                fold.fold(event)
        self._table.delete("id", folds)
        self._table.insert(self._fold.COLUMNS.values(fold) for fold in folds.values() if fold.is_kept)
