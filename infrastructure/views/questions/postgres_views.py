"""Answers every question of the read side from the view tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from application.views.questions import Listing, Page, Point, Sort
from infrastructure.views.questions.health import HealthView
from infrastructure.views.questions.quarantine import QuarantineView
from infrastructure.views.questions.reports import ReportView
from infrastructure.views.questions.retention import RetentionView
from infrastructure.views.questions.search import SearchView
from infrastructure.views.questions.view_reader import (
    CASE_COLUMNS,
    END,
    Row,
    at,
    case_at,
    case_item,
    filled,
    filter_conditions,
    one_page,
    plain_item,
    texts,
)

_SQL = texts("postgres_views")
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


class PostgresViews(SearchView, ReportView, QuarantineView, RetentionView, HealthView):
    """Implements `application.views.questions.Views`."""

    def position_at(self, moment: datetime) -> int:
        """The position of the last event recorded at or before a moment; 0 when there is none."""
        rows = self._rows(_SQL["position_at"], (moment,))
        return int(rows[0]["notification_id"]) if rows else 0

    def queues(self, now: datetime, alarm: timedelta) -> Listing:
        """Every queue that holds something, and how much. A case counts as unprioritized after ``alarm`` (R-5.4d)."""
        rows = self._rows(_SQL["queues"], {"late": now - alarm})
        position = rows[0]["position"] if rows else self.position()
        return Listing([{"name": row["name"], "cases": row["cases"]} for row in rows], None, position)

    def cases(self, filters: Mapping[str, str], sort: Sort, page: Page) -> Listing:
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
        rows = self._cases([condition, *where], f"c.number {'DESC' if down else 'ASC'}", values, page)
        return self._listing(rows, page, Point(), lambda row: (row["number"],), case_item)

    def queue(
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
        rows = self._cases(where, "coalesce(c.priority, 9), c.received_at, c.number", values, page)
        return self._listing(rows, page, point, _queue_key, case_item)

    def obligations(self, filters: Mapping[str, str], point: Point, now: datetime, page: Page) -> Listing:
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
        return self._listing(self._rows(one_page(sql, page), values), page, point, _obligation_key, plain_item)

    def _cases(self, where: list[str], order: str, values: dict[str, Any], page: Page) -> list[Row]:
        return self._rows(one_page(f"{_CASES} WHERE {' AND '.join(where)} ORDER BY {order}", page), values)


def _queue_key(row: Row) -> tuple[Any, ...]:
    return (row["priority"] or 9, row["received_at"].isoformat(), row["number"])


def _obligation_key(row: Row) -> tuple[Any, ...]:
    return (row["due_at"].isoformat(), row["case"], row["key"])
