"""Answers the questions of the read side from the view tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from application.views.questions import Listing, Page, Point, Sort
from infrastructure.postgres.queries import load
from infrastructure.views.questions.health import Watched
from infrastructure.views.questions.paging import CASE_COLUMNS, END, Row, at, case_at, case_item, matchable, plain_item
from infrastructure.views.questions.reports import Reporting
from infrastructure.views.questions.retention import Retaining
from infrastructure.views.questions.search import Searching
from infrastructure.views.stores.quarantine import Quarantined

_SQL = {name: sql.decode() for name, sql in load("postgres_views", "infrastructure.views.questions").items()}
_CASES = _SQL["cases"].replace("{columns}", CASE_COLUMNS)
_FILTERS = frozenset(
    {"status", "queue", "team", "technician", "service", "customer", "channel", "agency", "external_ref"}
)
_NUMERIC = frozenset({"priority", "impact", "severity"})
FILTERS = _FILTERS | _NUMERIC
_OWED_BY = {"kind": "o.kind", "role": "o.role", "team": "o.team", "case": "o.number"}
"""What obligations can be filtered by."""


class PostgresViews(Searching, Reporting, Quarantined, Retaining, Watched):
    """Implements `application.views.questions.Views`."""

    def position_at(self, moment: datetime) -> int:
        rows = self._rows(_SQL["position_at"], (moment,))
        return int(rows[0]["notification_id"]) if rows else 0

    def queues(self, now: datetime, alarm: timedelta) -> Listing:
        rows = self._rows(_SQL["queues"], {"late": now - alarm})
        position = rows[0]["position"] if rows else self.position()
        return Listing([{"name": row["name"], "cases": row["cases"]} for row in rows], None, position)

    def cases(self, filters: Mapping[str, str], sort: Sort, page: Page) -> Listing:
        """Cases as they are, by number. Raises ValueError for a filter that is none, or its value is no number."""
        condition, values = case_at(Point())
        where = [condition]
        for name, value in filters.items():
            if name not in FILTERS:
                raise ValueError(f"{name} is no filter")
            if "\0" in value:
                raise ValueError(f"{name} is no such thing")
            where.append(f"c.{name} = %({name})s")
            values[name] = int(value) if name in _NUMERIC else value
        down = sort == "-number"
        if page.after is not None:
            where.append(f"c.number {'<' if down else '>'} %(after)s")
            values["after"] = page.after[0]
        order = f"c.number {'DESC' if down else 'ASC'}"
        rows = self._cases(where, order, values, page)
        return self._listing(rows, page, Point(), lambda row: (row["number"],), case_item)

    def queue(
        self,
        name: str,
        point: Point,
        page: Page,
        now: datetime | None = None,
        alarm: timedelta = timedelta(0),
    ) -> Listing:
        condition, values = case_at(point)
        late = END if now is None else now - alarm
        values |= {"queue": name, "late": late}
        where = [condition, _SQL["unprioritized" if name == "unprioritized" else "queue"]]
        if page.after is not None:
            where.append(
                "(coalesce(c.priority, 9), c.received_at, c.number) > (%(priority)s, %(received)s, %(number)s)"
            )
            priority, received, number = page.after
            values |= {"priority": priority, "received": datetime.fromisoformat(received), "number": number}
        rows = self._cases(where, "coalesce(c.priority, 9), c.received_at, c.number", values, page)
        return self._listing(rows, page, point, _place_in_queue, case_item)

    def obligations(self, filters: Mapping[str, str], point: Point, now: datetime, page: Page) -> Listing:
        """Raises ValueError for a filter that is none."""
        condition, values = at(point, _SQL["owed_now"], _SQL["owed_at_point"])
        values["now"] = now
        where = [condition]
        for name, value in filters.items():
            if name not in _OWED_BY:
                raise ValueError(f"{name} is no filter")
            where.append(f"{_OWED_BY[name]} = %({name})s")
            values[name] = matchable(value)
        if page.after is not None:
            where.append("(o.due_at, o.number, o.key) > (%(due)s, %(after_number)s, %(after_key)s)")
            due, number, key = page.after
            values |= {"due": datetime.fromisoformat(due), "after_number": number, "after_key": key}
        sql = f"{_SQL['obligations']} WHERE {' AND '.join(where)} ORDER BY o.due_at, o.number, o.key"
        rows = self._rows(f"{sql} LIMIT {page.limit + 1:d}", values)
        return self._listing(rows, page, point, _place_among_debts, plain_item)

    def _cases(self, where: list[str], order: str, values: dict[str, Any], page: Page) -> list[Row]:
        sql = f"{_CASES} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT {page.limit + 1:d}"
        return self._rows(sql, values)


def _place_in_queue(row: Row) -> tuple[Any, ...]:
    return (row["priority"] or 9, row["received_at"].isoformat(), row["number"])


def _place_among_debts(row: Row) -> tuple[Any, ...]:
    return (row["due_at"].isoformat(), row["case"], row["key"])
