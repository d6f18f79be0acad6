"""Answers the questions of the read side from the view tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from application.reports.definitions import REPORTS
from application.views.questions import Listing, Page, Point, ReportQuestion, Sort
from infrastructure.postgres.queries import load

_SQL = {name: sql.decode() for name, sql in load("reading", "infrastructure.views").items()}
_FILTERS = frozenset(
    {"status", "queue", "team", "technician", "service", "customer", "channel", "agency", "external_ref"}
)
_NUMERIC = frozenset({"priority", "impact", "severity"})
FILTERS = _FILTERS | _NUMERIC
_END = datetime.max.replace(tzinfo=UTC)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_KEYS = {
    None: "NULL",
    "team": "c.team",
    "service": "c.service",
    "priority": "c.priority::text",
    "channel": "c.channel",
    "agency": "c.agency",
    "month": "to_char(c.received_at AT TIME ZONE 'UTC', 'YYYY-MM')",
}
"""What a report can be broken down by."""


class PostgresViews:
    """Implements `application.views.questions.Views`."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        self._pool = pool

    def position(self) -> int:
        return int(self._rows(_SQL["position"])[0]["position"])

    def position_at(self, moment: datetime) -> int:
        rows = self._rows(_SQL["position_at"], (moment,))
        return int(rows[0]["notification_id"]) if rows else 0

    def health(self) -> Mapping[str, Any]:
        return self._rows(_SQL["health"])[0]

    def queues(self) -> Listing:
        rows = self._rows(_SQL["queues"])
        position = rows[0]["position"] if rows else self.position()
        return Listing([{"name": row["name"], "cases": row["cases"]} for row in rows], None, position)

    def cases(self, filters: Mapping[str, str], sort: Sort, page: Page) -> Listing:
        """Cases as they are, by number. Raises ValueError for a filter that is none, or its value is no number."""
        where, values = [_SQL["now"]], dict[str, Any]()
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
        return self._listing(where, order, values, page, lambda row: (row["number"],))

    def queue(self, name: str, point: Point, page: Page) -> Listing:
        """A queue by priority and time of receipt, now or as of a past point."""
        condition, values = self._at(point)
        where = [condition, "c.queue = %(queue)s"]
        values["queue"] = name
        if page.after is not None:
            where.append(
                "(coalesce(c.priority, 9), c.received_at, c.number) > (%(priority)s, %(received)s, %(number)s)"
            )
            priority, received, number = page.after
            values |= {"priority": priority, "received": datetime.fromisoformat(received), "number": number}
        order = "coalesce(c.priority, 9), c.received_at, c.number"
        return self._listing(
            where,
            order,
            values,
            page,
            lambda row: (row["priority"] or 9, row["received_at"].isoformat(), row["number"]),
        )

    def report(self, question: ReportQuestion) -> dict[str, Any]:
        """Raises KeyError for a report, or a breakdown, that there is not."""
        definition = REPORTS[question.name]
        if question.by not in _KEYS:
            raise KeyError(question.by)
        condition, values = self._at(question.point)
        values.setdefault("position", 2**62)
        values.setdefault("effective_at", _END)
        values |= {"since": question.since or _BEGINNING, "until": question.until or _END}
        plain = question == ReportQuestion(question.name)
        sql = _SQL["counts"] if plain and question.name == "volume" else _SQL[question.name]
        for name, text in (("reopened", _SQL["reopened"]), ("point", condition), ("key", _KEYS[question.by])):
            sql = sql.replace("{" + name + "}", text)
        rows = self._rows(sql, values)
        by_key: dict[Any, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_key.setdefault(row["key"], []).append(row)
        position = self.position()
        return {
            "report": question.name,
            "definitions_version": definition.version,
            "position": _known_at(question.point, position),
            "from": question.since,
            "to": question.until,
            "effective_at": question.point.effective_at,
            "by": question.by,
            "totals": definition.total(rows),
            "rows": []
            if question.by is None
            else [
                {question.by: key, **definition.total(by_key[key])}
                for key in sorted(by_key, key=lambda key: (key is None, key))
            ],
        }

    def _at(self, point: Point) -> tuple[str, dict[str, Any]]:
        if point == Point():
            return _SQL["now"], {}
        position = 2**62 if point.position is None else point.position
        return _SQL["at_point"], {"position": position, "effective_at": point.effective_at or _END}

    def _listing(self, where: list[str], order: str, values: dict[str, Any], page: Page, key: Any) -> Listing:
        sql = f"{_SQL['items']} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT {page.limit + 1:d}"
        rows = self._rows(sql, values)
        more, rows = len(rows) > page.limit, rows[: page.limit]
        position = rows[0]["position"] if rows else self.position()
        items = [_item(row) for row in rows]
        return Listing(items, key(rows[-1]) if more else None, min(position, values.get("position", position)))

    def _rows(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row, binary=True) as cursor:
            return cursor.execute(sql.encode(), values, prepare=True).fetchall()


def _known_at(point: Point, position: int) -> int:
    return position if point.position is None else min(position, point.position)


def _item(row: dict[str, Any]) -> dict[str, Any]:
    words = json.loads(row["words"]) if row["words"] else {}
    item = {name: value for name, value in row.items() if name not in ("words", "position")}
    reason, since = item.pop("pending_reason"), item.pop("pending_since")
    item["pending"] = {"reason": reason, "since": since} if reason else None
    item["subject"] = words.get("subject")
    return item
