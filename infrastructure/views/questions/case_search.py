"""Searches what was said in cases: the newest first, until enough are found, and those ranked (decision 31)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple
from unicodedata import normalize

from application.views.questions import Listing, Page
from infrastructure.views.questions.misspelt import WordQuestion, similar_words
from infrastructure.views.questions.spans import Span, above, question, spans_of
from infrastructure.views.questions.view_reader import CASE_COLUMNS, Ask, Row, case_item, filled, matchable, texts

_SQL = texts("case_search")
_NUMBER = re.compile(r"\s*(?:inc[\s#:-]*)?0*([1-9]\d{0,8})\s*", re.IGNORECASE)
_ENOUGH, _MOST = 500, 1_000
"""Cases ranked together, and cases that one statement may rank. Spans with more are divided."""
_LOOKED_AT = 4_000
"""Cases looked at for one page. Where filters leave fewer of them than fill a page, the page is not full."""
_LISTS = 16
"""Spans of one statement."""
_FILTERS = {
    "status": "c.status = %(status)s",
    "service": "c.service = %(service)s",
    "team": "c.team = %(team)s",
    "received_from": "c.received_at >= %(received_from)s",
    "received_to": "c.received_at < %(received_to)s",
}


class Place(NamedTuple):
    """A place in the result: in a range of numbers, after a case, among those with all words or with similar ones."""

    similar: bool
    low: int
    high: int
    score: float
    number: str


class CaseSearch:
    """One search, in one transaction."""

    def __init__(self, ask: Ask, query: str, filters: Mapping[str, Any]) -> None:
        self._ask, self._query = ask, normalize("NFC", matchable(query))
        named = _NUMBER.fullmatch(self._query)
        self._named = f"INC-{int(named[1]):07d}" if named else None
        self._values = {n: matchable(value) if isinstance(value, str) else value for n, value in filters.items()}
        self._values["named"] = self._named
        self._conditions = " AND ".join(("true", *(_FILTERS[name] for name in filters)))
        self._left, self._last = _LOOKED_AT, 0

    async def page(self, page: Page) -> Listing:
        """Return the next cases: first those with all words of the query, then those with similar words."""
        (begin,) = await self._ask(_SQL["begin"], {"query": self._query})
        found, rest, self._last = list[tuple[Row, Place]](), None, int(begin["last"] or 0)
        async for row, place in self._results(begin["question"], above(self._last), page.after):
            if row is None or len(found) == page.limit:
                rest = place if row is None else found[-1][1]
                break
            found.append((row, place))
        shown = {row["case_id"]: row["score"] for row, _ in found}
        rows = await self._ask(filled(_SQL["cases"], columns=CASE_COLUMNS), {"ids": list(shown)}) if shown else []
        items = [{**case_item(row), "score": shown[row["id"]]} for row in rows]
        return Listing(items, None if rest is None else tuple(rest), begin["position"])

    async def _results(
        self, exact: str, end: int, after: tuple[Any, ...] | None
    ) -> AsyncIterator[tuple[Row | None, Place]]:
        """The cases in order, each with its place. A place without a case is where this page has looked at enough."""
        place = Place(False, end, end, 0.0, "") if after is None else Place(*after)
        if after is None and self._named:
            for row in await self._ask(filled(_SQL["named"], filters=self._conditions), self._values):
                yield row, place
        for similar in (False, True)[place.similar :]:
            if similar != place.similar:
                place = Place(similar, end, end, 0.0, "")
            if asked := await self._question(exact, similar=similar):
                async for found in self._following(asked, place):
                    yield found

    async def _following(self, asked: WordQuestion, place: Place) -> AsyncIterator[tuple[Row | None, Place]]:
        rows, _ = await self._ranked(asked, place.low, place.high, enough=None)
        for row in rows:
            if (row["score"], row["number"]) < (place.score, place.number):
                yield row, place._replace(score=row["score"], number=row["number"])
        high = place.low
        while high > 0:
            if self._left <= 0:
                yield None, Place(place.similar, high, high, 0.0, "")
            rows, low = await self._ranked(asked, 0, high, enough=_ENOUGH)
            for row in rows:
                yield row, Place(place.similar, low, high, row["score"], row["number"])
            high = low

    async def _ranked(self, asked: WordQuestion, low: int, high: int, *, enough: int | None) -> tuple[list[Row], int]:
        """The cases of a range from its end down, the best first, and where it was left when they were enough."""
        pending, taken, covered, seen = list(spans_of(low, high)), 1 if enough else _LISTS, 0, 0
        found: list[Row] = []
        while pending and (enough is None or (len(found) < enough and self._left > 0)):
            spans = pending[:taken]
            rows = await self._matching(asked, spans)
            if len(rows) > _MOST and len(spans) > 1:
                taken = max(1, len(spans) // 4)
                continue
            if len(rows) > _MOST and spans[0].level:
                pending[:1], taken = spans[0].parts, 4
                continue
            found += [row for row in rows if row["number"] is not None and row["told"]]
            covered += sum(min(span.high, self._last + 1) - span.low for span in spans)
            pending, seen, self._left = pending[len(spans) :], seen + len(rows), self._left - len(rows)
            taken = _taken(pending, covered * _ENOUGH // max(seen, 1))
        found.sort(key=lambda row: (row["score"], row["number"]), reverse=True)
        return found, pending[0].high if pending else low

    async def _matching(self, asked: WordQuestion, spans: Sequence[Span]) -> list[Row]:
        sql = filled(_SQL["matching"], score=asked.score, filters=self._conditions)
        matches = f"{question(spans)} & ({asked.matches})"
        most = {"most": _MOST + 1 if spans[0].level or len(spans) > 1 else spans[0].size, "matches": matches}
        return await self._ask(sql, {**self._values, **asked.values, **most})

    async def _question(self, exact: str, *, similar: bool) -> WordQuestion | None:
        if similar:
            return await similar_words(self._ask, self._query, exact, "t.lexemes")
        return WordQuestion(exact, _SQL["rank"], {"asked": exact}) if exact else None


def _taken(pending: Sequence[Span], size: int) -> int:
    """How many of the next spans have about so many numbers."""
    for count, span in enumerate(pending[:_LISTS]):
        if (size := size - span.size) < 0:
            return max(1, count)
    return _LISTS
