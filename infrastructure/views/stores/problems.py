"""Stores the views of problems and known errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row, tuple_row

from application.views.problems import Article, ProblemFold, new_fold, resume_fold, wording
from domain.aggregate import Recorded
from domain.data_subject import ProblemErased
from infrastructure.views.stores.statements import statements


class ProblemsStore:
    """Folds events of problems into their tables."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection = connection
        self._sql = statements("problems", schema)

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events of problems, in order. Raises whatever an event's fold raises."""
        if not events:
            return
        cursor = self._connection.cursor(row_factory=dict_row, binary=True)
        cursor.execute(self._sql["load"], (list({event.originator_id for event, _ in events}),))
        folds: dict[Any, ProblemFold] = {row["id"]: resume_fold(row) for row in cursor}
        for event, _ in events:
            fold = folds.get(event.originator_id)
            if fold is None:
                fold = folds[event.originator_id] = new_fold(event)
            fold.fold(event)
        cursor.executemany(self._sql["store"], [fold.row() for fold in folds.values()])
        if erased := [event.originator_id for event, _ in events if isinstance(event, ProblemErased)]:
            cursor.execute(self._sql["drop_erased"], (erased,))
        if articles := [fold.article for fold in folds.values() if fold.article is not None]:
            self._publish(articles)

    def _publish(self, articles: list[Article]) -> None:
        """Put the latest wordings in place; one whose words are erased leaves nothing behind."""
        ids = [article.problem_id for article in articles]
        cursor = self._connection.cursor(row_factory=tuple_row, binary=True)
        digests = [bytes.fromhex(article.words.digest) for article in articles]
        cursor.execute(self._sql["words"], (ids, [article.version for article in articles], digests))
        said = {id_: wording(json.loads(value)) for id_, value in cursor}
        cursor.execute(self._sql["drop_articles"], (ids,))
        rows = [(a.problem_id, a.version, a.known_error, *said[a.problem_id]) for a in articles if a.problem_id in said]
        cursor.executemany(self._sql["store_article"], rows)
