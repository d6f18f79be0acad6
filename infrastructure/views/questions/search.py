"""Searches what was said in cases, and known errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from application.views.questions import Listing, Page, Point
from infrastructure.views.questions.case_search import CaseSearch
from infrastructure.views.questions.view_reader import Row, ViewReader, filled, matchable, one_page, texts

_SQL = texts("search")
_EXACT = re.compile(r'"[^"]+"')
"""Words in quotes. A query with such words finds no similar ones."""


class SearchView:
    """Implements `application.views.questions.Search`."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def known_errors(self, query: str | None, service: str | None, page: Page) -> Listing:
        """Known errors by likeness to the query, those of settled problems last (R-5.5b)."""
        values: dict[str, Any] = {"service": None if service is None else matchable(service)}
        parts = {"score": "NULL::float8", "matches": "true", "after": "true"}
        if query is not None:
            values |= _query_values(query)
            parts |= {"score": _SQL["article_score"], "matches": _SQL["article_matches"]}
        if page.after is not None:
            parts["after"] = _SQL["after_article"]
            values |= dict(zip(("settled", "score", "id"), page.after, strict=True))
        async with self._reader.searching() as ask:
            rows = await ask(one_page(filled(_SQL["known_errors"], **parts), page), values)
        return await self._reader.listing(rows, page, Point(), _article_key, _article)

    async def cases(self, query: str, page: Page, filters: Mapping[str, Any] | None = None) -> Listing:
        """Cases with the words of the query, then those with similar words."""
        async with self._reader.searching() as ask:
            return await CaseSearch(ask, query, filters or {}).page(page)


def _query_values(query: str) -> dict[str, Any]:
    words = normalize("NFC", matchable(query))
    return {"query": words, "similar": None if _EXACT.search(words) else words}


def _article_key(row: Row) -> tuple[Any, ...]:
    return (row["settled"], row["score"] or 0.0, row["id"])


def _article(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("settled", "position")}
