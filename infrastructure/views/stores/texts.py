"""Stores the view of the words of cases, for searching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from application.views.texts import more_of, moves, speaks, words_of
from domain.aggregate import Recorded
from infrastructure.views.stores.statements import statements, transposed


class TextsStore:
    """Folds the words of case events. The view of cases must have folded the same events before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("texts", schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events, in order. The vault is read once for all cases with new words."""
        if spoke := {event.originator_id: event.originator_version for event, _ in events if speaks(event)}:
            self._keep_words(spoke)
        if moved := {event.originator_id for event, _ in events if moves(event)}:
            self._connection.execute(self._sql["move"], (list(moved),))

    def _keep_words(self, spoke: dict[UUID, int]) -> None:
        cursor = self._connection.cursor(binary=True)
        cursor.execute(self._sql["words"], (list(spoke), list(spoke.values())))
        words = {id_: texts for id_, reported, told in cursor if any(texts := _texts(reported or (), told or ()))}
        if words:
            cursor.execute(self._sql["store"], (list(words), *transposed(words.values())))
        if silent := [id_ for id_ in spoke if id_ not in words]:
            cursor.execute(self._sql["forget"], (silent,))


def _texts(reported: Sequence[str], told: Sequence[str]) -> tuple[str, str]:
    words = words_of(reported)
    return words, more_of(told, words)
