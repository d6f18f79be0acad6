"""Stores the view of the quarantine, and answers what waits in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from application.views.quarantine import ReceiptFold, new_fold, resume_fold
from application.views.questions import Listing, Page, Point
from domain.aggregate import Recorded
from domain.data_subject import IntakeErased
from infrastructure.views.questions.paging import Asking, plain_item
from infrastructure.views.stores.statements import statements, transposed

_ASKED = {name: sql.decode() for name, sql in statements("quarantine", "views").items()}


class QuarantineStore:
    """Folds events of messages that came in into their table."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("quarantine", schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events of messages, in order. Raises whatever an event's fold raises."""
        if not events:
            return
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        cursor.execute(self._sql["load"], (list({event.originator_id for event, _ in events}),))
        folds: dict[Any, ReceiptFold] = {row["id"]: resume_fold(row) for row in cursor}
        for event, _ in events:
            fold = folds.get(event.originator_id)
            if fold is None and isinstance(event, IntakeErased):
                continue  # decided long ago: it is here no more
            if fold is None:
                fold = folds[event.originator_id] = new_fold(event)
            fold.fold(event)
        if decided := [fold.id for fold in folds.values() if not fold.is_open]:
            cursor.execute(self._sql["drop"], (decided,))
        if rows := [fold.row() for fold in folds.values() if fold.is_open]:
            cursor.execute(self._sql["store"], transposed(rows))


class Quarantined(Asking):
    """What waits."""

    def quarantine(self, page: Page, *, recorded: bool = False) -> Listing:
        values: dict[str, Any] = {"received_at": None, "id": None, "recorded": recorded, "limit": page.limit + 1}
        if page.after is not None:
            received_at, values["id"] = page.after
            values["received_at"] = datetime.fromisoformat(received_at)
        rows = self._rows(_ASKED["waiting"], values)
        return self._listing(
            rows, page, Point(), lambda row: (row["received_at"].isoformat(), str(row["id"])), plain_item
        )
