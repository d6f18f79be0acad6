"""Lists what the desk owes, by due time, now or as of a past point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from application.views.questions import Asked, Listing, Page, Point
from infrastructure.views.questions.case_lists import Pinned
from infrastructure.views.questions.view_reader import Row, ViewReader, filled, filter_conditions, plain_item, texts

_SQL = texts("obligation_lists")
_FILTERS = {"kind": "o.kind", "role": "o.role", "team": "o.team", "case": "o.number"}
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""No due time is earlier."""


class ObligationLists:
    """Obligations."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def obligations(self, filters: Mapping[str, str], page: Page, asked: Asked) -> Listing:
        """A page of obligations; all pages are as of the position of the first. Raises ValueError for an unknown filter."""
        where, values = filter_conditions(filters, _FILTERS)
        point, key, now = asked.point, None, asked.now
        if page.after is not None:
            position, moment, *key = page.after
            point, now = Point(position, asked.point.effective_at), datetime.fromisoformat(moment)
        values |= {"now": now, "least": _EARLIEST, **Pinned(asked, point).values}
        if key is not None:
            due, number, name = key
            where.append("(o.due_at, o.number, o.key) > (%(least)s, %(number)s, %(key)s)")
            values |= {"least": datetime.fromisoformat(due), "number": number, "key": name}
        statement = _statement(where, point, page.limit + 1)
        rows = await self._reader.rows(statement, values)
        known = min(rows[0]["position"] if rows else await self._reader.last(), values.get("position", float("inf")))
        more, rows = len(rows) > page.limit, rows[: page.limit]
        return Listing([plain_item(row) for row in rows], _key(rows[-1], known, now) if more else None, int(known))


def _statement(where: list[str], point: Point, limit: int) -> str:
    names = ["open"]
    if point != Point():
        where = [*where, _SQL["begun"]]
    if point.position is not None:
        names += ["known_soon_ended", "known_long"]
    if point.effective_at is not None:
        names += ["happened_soon_ended", "happened_long"]
    branches = " UNION ".join(_SQL[name] for name in names)
    return filled(_SQL["page"], branches=branches, where=" AND ".join(where or ["true"]), limit=str(limit))


def _key(row: Row, position: float, now: datetime) -> tuple[Any, ...]:
    return (int(position), now.isoformat(), row["due_at"].isoformat(), row["case"], row["key"])
