"""Answers what is known already, and what was said in which case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from application.views.questions import Listing, Page, Point
from infrastructure.postgres.queries import load
from infrastructure.views.questions.paging import CASE_COLUMNS, Asking, Row, case_item, matchable, plain_item

_SQL = {name: sql.decode() for name, sql in load("search", "infrastructure.views.questions").items()}
_FILTERS = frozenset({"status", "service", "known_error"})
"""What problems can be filtered by."""
_EXACT = re.compile(r'"[^"]+"')
"""Words in quotes: who asks like this does not want similar ones."""


class Searching(Asking):
    """Problems, known errors, search."""

    def problems(self, filters: Mapping[str, str], page: Page) -> Listing:
        """Raises ValueError for a filter that is none."""
        where, values = ["true"], dict[str, Any]()
        for name, value in filters.items():
            if name not in _FILTERS:
                raise ValueError(f"{name} is no filter")
            where.append(f"p.{name} = %({name})s")
            values[name] = matchable(value)
        if page.after is not None:
            where.append("p.number > %(after)s")
            values["after"] = page.after[0]
        sql = f"{_SQL['problems']} WHERE {' AND '.join(where)} ORDER BY p.number LIMIT {page.limit + 1:d}"
        return self._listing(self._rows(sql, values), page, Point(), lambda row: (row["number"],), plain_item)

    def known_errors(self, query: str | None, service: str | None, page: Page) -> Listing:
        values: dict[str, Any] = {"service": None if service is None else matchable(service)}
        parts = {"score": "NULL::float8", "matches": "true", "after": "true"}
        if query is not None:
            values |= _asked(query)
            parts |= {"score": _SQL["article_score"], "matches": _SQL["article_matches"]}
        if page.after is not None:
            parts["after"] = _SQL["after_article"]
            values |= dict(zip(("settled", "score", "id"), page.after, strict=True))
        rows = self._alike(_composed("known_errors", parts, page), values)
        return self._listing(rows, page, Point(), _place_of_article, _article)

    def search(self, query: str, page: Page) -> Listing:
        values: dict[str, Any] = _asked(query)
        parts = {"columns": CASE_COLUMNS, "after": "true"}
        if page.after is not None:
            parts["after"] = _SQL["after_case"]
            values |= dict(zip(("score", "number"), page.after, strict=True))
        sql = _composed("search", parts, page)
        rows = self._alike(sql, {**values, "similar": None})
        if len(rows) <= page.limit and values["similar"] is not None:  # similar words only fill what is left of a page
            rows = self._alike(sql, values)
        return self._listing(rows, page, Point(), lambda row: (row["score"], row["number"]), case_item)


def _asked(query: str) -> dict[str, Any]:
    words = normalize("NFC", matchable(query))
    return {"query": words, "similar": None if _EXACT.search(words) else words}


def _composed(name: str, parts: Mapping[str, str], page: Page) -> str:
    sql = _SQL[name]
    for part, text in parts.items():
        sql = sql.replace("{" + part + "}", text)
    return f"{sql} LIMIT {page.limit + 1:d}"


def _place_of_article(row: Row) -> tuple[Any, ...]:
    return (row["settled"], row["score"] or 0.0, row["id"])


def _article(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("settled", "position")}
