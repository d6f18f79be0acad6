"""Lists cases, queues, obligations, problems and the quarantine, in pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from application.views.questions import Listing, Page, Point, Sort
from infrastructure.views.questions.view_reader import (
    CASE_COLUMNS,
    END,
    Row,
    ViewReader,
    at,
    case_at,
    case_item,
    filled,
    filter_conditions,
    one_page,
    plain_item,
    texts,
)

_SQL = texts("lists")
_CASES = filled(_SQL["cases"], columns=CASE_COLUMNS)
_NUMERIC = ("priority", "impact", "severity")
_FILTERS = {
    name: f"c.{name}"
    for name in (
        *("status", "queue", "team", "technician", "service", "customer", "channel", "agency", "external_ref"),
        *_NUMERIC,
    )
}
_OBLIGATION_FILTERS = {"kind": "o.kind", "role": "o.role", "team": "o.team", "case": "o.number"}
_PROBLEM_FILTERS = {name: f"p.{name}" for name in ("status", "service", "known_error")}


class ListView:
    """Implements `application.views.questions.Lists`."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def queues(self, now: datetime, alarm: timedelta) -> Listing:
        """Every queue that holds something, and how much. A case counts as unprioritized after ``alarm`` (R-5.4d)."""
        rows = await self._reader.rows(_SQL["queues"], {"late": now - alarm})
        position = rows[0]["position"] if rows else await self._reader.last()
        return Listing([{"name": row["name"], "cases": row["cases"]} for row in rows], None, position)

    async def cases(self, filters: Mapping[str, str], sort: Sort, page: Page) -> Listing:
        """Cases as they are now, by number. Raises ValueError for an unknown filter or a value that it cannot have."""
        condition, values = case_at(Point())
        where, matched = filter_conditions(filters, _FILTERS)
        values |= {name: int(filters[name]) if name in _NUMERIC else value for name, value in matched.items()}
        if odd := [name for name, value in filters.items() if "\0" in value]:
            raise ValueError(f"{odd[0]} has no such value")
        down = sort == "-number"
        if page.after is not None:
            where.append(f"c.number {'<' if down else '>'} %(after)s")
            values["after"] = page.after[0]
        rows = await self._cases([condition, *where], f"c.number {'DESC' if down else 'ASC'}", values, page)
        return await self._reader.listing(rows, page, Point(), lambda row: (row["number"],), case_item)

    async def queue(
        self,
        name: str,
        point: Point,
        page: Page,
        now: datetime | None = None,
        alarm: timedelta = timedelta(0),
    ) -> Listing:
        """A queue by priority and time of receipt, now or at a past point.

        ``now`` and ``alarm`` concern the queue `unprioritized`: cases without a priority for longer than that (R-5.4d).
        """
        condition, values = case_at(point)
        values |= {"queue": name, "late": END if now is None else now - alarm}
        where = [condition, _SQL["unprioritized" if name == "unprioritized" else "queue"]]
        if page.after is not None:
            where.append(
                "(coalesce(c.priority, 9), c.received_at, c.number) > (%(priority)s, %(received)s, %(number)s)"
            )
            priority, received, number = page.after
            values |= {"priority": priority, "received": datetime.fromisoformat(received), "number": number}
        rows = await self._cases(where, "coalesce(c.priority, 9), c.received_at, c.number", values, page)
        return await self._reader.listing(rows, page, point, _queue_key, case_item)

    async def obligations(self, filters: Mapping[str, str], point: Point, now: datetime, page: Page) -> Listing:
        """Obligations by due time, now or at a past point. Raises ValueError for an unknown filter."""
        condition, values = at(point, _SQL["owed_now"], _SQL["owed_at_point"])
        where, matched = filter_conditions(filters, _OBLIGATION_FILTERS)
        values |= {"now": now, **matched}
        if page.after is not None:
            where.append("(o.due_at, o.number, o.key) > (%(due)s, %(after_number)s, %(after_key)s)")
            due, number, key = page.after
            values |= {"due": datetime.fromisoformat(due), "after_number": number, "after_key": key}
        conditions = " AND ".join((condition, *where))
        sql = f"{_SQL['obligations']} WHERE {conditions} ORDER BY o.due_at, o.number, o.key"
        rows = await self._reader.rows(one_page(sql, page), values)
        return await self._reader.listing(rows, page, point, _obligation_key, plain_item)

    async def problems(self, filters: Mapping[str, str], page: Page) -> Listing:
        """Problems by number. Raises ValueError for an unknown filter."""
        where, values = filter_conditions(filters, _PROBLEM_FILTERS)
        if page.after is not None:
            where.append("p.number > %(after)s")
            values["after"] = page.after[0]
        sql = f"{_SQL['problems']} WHERE {' AND '.join(where or ['true'])} ORDER BY p.number"
        rows = await self._reader.rows(one_page(sql, page), values)
        return await self._reader.listing(rows, page, Point(), lambda row: (row["number"],), plain_item)

    async def quarantine(self, page: Page, *, recorded: bool = False) -> Listing:
        """The messages that wait for a decision, or with ``recorded`` those that no person wrote (R-5.1d)."""
        values: dict[str, Any] = {"received_at": None, "id": None, "recorded": recorded, "limit": page.limit + 1}
        if page.after is not None:
            received_at, values["id"] = page.after
            values["received_at"] = datetime.fromisoformat(received_at)
        rows = await self._reader.rows(_SQL["waiting"], values)
        return await self._reader.listing(
            rows, page, Point(), lambda row: (row["received_at"].isoformat(), str(row["id"])), plain_item
        )

    async def _cases(self, where: list[str], order: str, values: dict[str, Any], page: Page) -> list[Row]:
        return await self._reader.rows(one_page(f"{_CASES} WHERE {' AND '.join(where)} ORDER BY {order}", page), values)


def _queue_key(row: Row) -> tuple[Any, ...]:
    return (row["priority"] or 9, row["received_at"].isoformat(), row["number"])


def _obligation_key(row: Row) -> tuple[Any, ...]:
    return (row["due_at"].isoformat(), row["case"], row["key"])
