"""The views of the schema `reporting`, read from the database's own catalogue: columns, types, comments, partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from infrastructure.postgres.queries import load

SQL = load("tables", "infrastructure.exports")
MONTH_OF: Mapping[str, str] = {
    "cases": "received_at",
    "case_history": "from_at",
    "resolutions": "resolved_at",
    "obligations": "since",
    "problems": "opened_at",
    "outbox": "queued_at",
    "events": "occurred_at",
    "case_measures": "received_at",
    "happenings": "happened_at",
}
"""The moment whose month (UTC) parts a view into files. Views that are not listed are one file."""


@dataclass(frozen=True)
class Column:
    """A column of a view."""

    name: str
    type: str
    """As PostgreSQL names it, such as `timestamp with time zone`."""
    comment: str


@dataclass(frozen=True)
class ReportingView:
    """A view of the schema `reporting`."""

    name: str
    comment: str
    """What one row is."""
    columns: Sequence[Column]

    @property
    def month_of(self) -> str | None:
        """The column whose month parts it into files."""
        return MONTH_OF.get(self.name)

    def query(self) -> str:
        """All rows in plain types, with `month` as the last column where the view is parted by it; in a fixed order."""
        columns = ", ".join(f'{_plain(each)} AS "{each.name}"' for each in self.columns)
        order = ", ".join(str(place) for place in range(1, min(4, len(self.columns)) + 1))
        if self.month_of is None:
            return f'SELECT {columns} FROM reporting."{self.name}" ORDER BY {order}'  # noqa: S608 - names of the catalogue
        month = f"""to_char("{self.month_of}" AT TIME ZONE 'UTC', 'YYYY-MM')"""
        return f'SELECT {columns}, {month} AS "month" FROM reporting."{self.name}" ORDER BY "month", {order}'  # noqa: S608 - idem


def _plain(column: Column) -> str:
    cast = {"uuid": "::text", "numeric": "::float8", "text[]": "::text"}.get(column.type, "")
    return f'"{column.name}"{cast}'


def reporting_views(connection: psycopg.Connection[Any]) -> Sequence[ReportingView]:
    """All views, by name."""
    rows = connection.execute(SQL["columns"]).fetchall()
    views = []
    for name, described in groupby(rows, key=itemgetter(0)):
        columns = list(described)
        views.append(
            ReportingView(name, columns[0][3] or "", [Column(each[1], each[2], each[4] or "") for each in columns])
        )
    return views
