"""Stores the views of the words of cases: for searching, and for the comparison of reports. The vault is read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from application.views.open_reports import rewords
from application.views.texts import speaks, words_of
from domain.aggregate import Recorded
from infrastructure.views.stores.open_reports import OpenReportsStore
from infrastructure.views.stores.statements import statements, transposed

_Values = Sequence[str] | None


class TextsStore:
    """Folds the words of case events. The view of cases must have folded the same events before."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("texts", schema)
        self._open_reports = OpenReportsStore(connection, schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold case events, in order."""
        said = self._read({e.originator_id: e.originator_version for e, _ in events if speaks(e) or rewords(e)})
        spoke = {event.originator_id for event, _ in events if speaks(event)}
        words = {id_: text for id_ in spoke if (text := words_of(*said.get(id_, (None, None))))}
        self._keep(words, [id_ for id_ in spoke if id_ not in words])
        self._open_reports.fold(events, {id_: reported for id_, (reported, _) in said.items() if reported})

    def _read(self, versions: dict[UUID, int]) -> dict[UUID, tuple[_Values, _Values]]:
        """What the vault has of cases up to a version each: their report, and what was told later."""
        if not versions:
            return {}
        cursor = self._connection.cursor(binary=True)
        cursor.execute(self._sql["words"], (list(versions), list(versions.values())))
        return {id_: (reported, told) for id_, reported, told in cursor}

    def _keep(self, words: dict[UUID, str], silent: list[UUID]) -> None:
        cursor = self._connection.cursor(binary=True)
        unused = cursor.execute(self._sql["store"], transposed(words.items())).fetchall() if words else []
        if silent:
            unused += cursor.execute(self._sql["forget"], (silent,)).fetchall()
        if unused:
            cursor.execute(self._sql["drop_unused"], ([word for (word,) in unused],))
