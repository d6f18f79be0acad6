"""Searches what was said in cases, and known errors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from application.views.questions import Listing, Page, Point
from infrastructure.views.questions.case_search import CaseSearch
from infrastructure.views.questions.misspelt import similar_words
from infrastructure.views.questions.view_reader import Ask, Row, ViewReader, filled, matchable, one_page, texts

_SQL = texts("search")
_EXACT = re.compile(r'"[^"]+"')
"""Words in quotes. A query with such words finds no similar ones."""


@dataclass(frozen=True)
class _ArticleQuestion:
    """One way to ask for known errors: its name, the SQL of its condition and score with their values, and the most to score."""

    kind: str
    matches: str
    score: str
    values: Mapping[str, Any]
    most: str


_EVERY = _ArticleQuestion("every", "true", "NULL::float8", {}, "")


class SearchView:
    """Implements `application.views.questions.Search`."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def known_errors(self, query: str | None, service: str | None, page: Page) -> Listing:
        """Known errors by likeness to the query, those of settled problems last (R-5.5b).

        Those with its words; if there are none, those with words like them; if there are none, those that look like it.
        """
        rows, asked = list[Row](), _EVERY.kind
        async with self._reader.searching() as ask:
            async for question in _questions(ask, query):
                if page.after is None or page.after[0] == question.kind:
                    asked, rows = question.kind, await self._articles(ask, question, service, page)
                if rows:
                    break
        return await self._reader.listing(rows, page, Point(), lambda row: (asked, *_article_key(row)), _article)

    async def _articles(self, ask: Ask, question: _ArticleQuestion, service: str | None, page: Page) -> list[Row]:
        values: dict[str, Any] = {"service": None if service is None else matchable(service), **question.values}
        after = "true"
        if page.after is not None:
            after = _SQL["after_article"]
            values |= dict(zip(("settled", "score", "id"), page.after[1:], strict=True))
        parts = {"score": question.score, "matches": question.matches, "most": question.most, "after": after}
        return await ask(one_page(filled(_SQL["known_errors"], **parts), page), values)

    async def cases(self, query: str, page: Page, filters: Mapping[str, Any] | None = None) -> Listing:
        """Cases with the words of the query, then those with similar words."""
        async with self._reader.searching() as ask:
            return await CaseSearch(ask, query, filters or {}).page(page)


async def _questions(ask: Ask, query: str | None) -> AsyncIterator[_ArticleQuestion]:
    """How known errors are asked for: each way, until one finds some."""
    if query is None:
        yield _EVERY
        return
    query = normalize("NFC", matchable(query))
    (row,) = await ask(_SQL["article_question"], {"query": query})
    if exact := row["question"]:
        yield _ArticleQuestion("exact", _SQL["article_matches"], _SQL["article_rank"], {"asked": exact}, _SQL["newest"])
    if (similar := await similar_words(ask, query, exact, "k.lexemes")) is not None:
        values = {**similar.values, "asked": similar.matches}
        yield _ArticleQuestion("similar", _SQL["article_matches"], similar.score, values, _SQL["newest"])
    if not _EXACT.search(query):
        yield _ArticleQuestion("alike", _SQL["article_alike"], _SQL["article_likeness"], {"query": query}, _SQL["some"])


def _article_key(row: Row) -> tuple[Any, ...]:
    return (row["settled"], row["score"] or 0.0, row["id"])


def _article(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("settled", "position")}
