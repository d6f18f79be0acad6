"""Stores the view of the words of cases, for searching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from application.views.texts import speaks, words_of
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import statements, transposed


class TextsStore:
    """Folds the words of case events. The view of cases must have folded the same events before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("texts", schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events, in order. The vault is read once for all cases with new words."""
        if not (spoke := {event.originator_id: event.originator_version for event, _ in events if speaks(event)}):
            return
        cursor = self._connection.cursor(binary=True)
        cursor.execute(self._sql["words"], (list(spoke), list(spoke.values())))
        words: dict[UUID, str] = {id_: text for id_, *said in cursor if (text := words_of(*said))}
        unused = cursor.execute(self._sql["store"], transposed(words.items())).fetchall() if words else []
        if silent := [id_ for id_ in spoke if id_ not in words]:
            unused += cursor.execute(self._sql["forget"], (silent,)).fetchall()
        if unused:
            cursor.execute(self._sql["drop_unused"], ([word for (word,) in unused],))
