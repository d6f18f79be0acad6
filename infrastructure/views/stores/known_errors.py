"""Stores the view of known errors. Their words are in the vault; the view keeps a copy to search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import psycopg

from application.views.problems import wording
from domain.aggregate import Recorded
from domain.data_subject import ProblemErased
from domain.problem import KnownErrorPublished
from infrastructure.views.stores.statements import statements
from infrastructure.views.stores.table import Table


class KnownErrorsStore:
    """Folds the events of problems into the table of known errors."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("known_errors", schema)
        columns = ("problem_id", "version", "known_error", "title", "symptoms", "workaround")
        self._table = Table(connection, schema, "known_errors", columns)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events of problems, in order."""
        if erased := [event.originator_id for event, _ in events if isinstance(event, ProblemErased)]:
            self._connection.execute(self._sql["drop_erased"], (erased,))
        if published := {e.originator_id: e for e, _ in events if isinstance(e, KnownErrorPublished)}:
            self._publish(list(published.values()))

    def _publish(self, articles: list[KnownErrorPublished]) -> None:
        """Replace the articles by these wordings. One whose words are erased leaves no row."""
        ids = [article.originator_id for article in articles]
        digests = [bytes.fromhex(article.article.digest) for article in articles]
        cursor = self._connection.cursor(binary=True)
        cursor.execute(self._sql["words"], (ids, [article.originator_version for article in articles], digests))
        words = {problem: wording(json.loads(value)) for problem, value in cursor}
        self._table.delete("problem_id", ids)
        self._table.insert(
            (a.originator_id, a.originator_version, a.known_error, *words[a.originator_id])
            for a in articles
            if a.originator_id in words
        )
