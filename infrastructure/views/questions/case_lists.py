"""Lists cases by filters, in any order, now or at a past point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from application.views.case_counts import counted_values
from application.views.case_filters import Condition
from application.views.questions import Asked, Listing, Page, Point, Total
from infrastructure.views.questions.orders import Order
from infrastructure.views.questions.view_reader import (
    CASE_COLUMNS,
    END,
    ENDED,
    LATEST,
    NOW,
    PRESENT,
    Row,
    Snapshot,
    ViewReader,
    case_item,
    filled,
    matchable,
    position_of,
    texts,
)

_SQL = texts("case_lists")
_ROWS_NOW = filled(_SQL["rows_now"], now=NOW)
_ROWS_THEN = filled(_SQL["rows_then"], present=PRESENT, past=ENDED, now=NOW)
_KNOWN = " AND c.position <= %(position)s AND c.updated_at <= %(effective_at)s"
_WALK = 10_000
"""Closed cases looked at in the list's order, before all that fit are read: a few milliseconds."""
_RARE = frozenset({"customer", "external_ref", "major", "pending_reason"})
"""Columns in which each value has few closed cases."""
_RANGED = ("received_at", "updated_at")
"""Columns that a list may be filtered by a range of."""
_RANGE = "\0"
"""Beside the name of a column, in the place of a value: the range asked for."""
_NONE: Row = {"cases": 0, "closed": 0}

Counts = dict[tuple[str, str], Row]


@dataclass(frozen=True)
class Pinned:
    """What all pages of a list are read with: the point, the moment, and what the first page counted."""

    asked: Asked
    point: Point
    key: tuple[Any, ...] | None = None
    total: Total | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values of the point, where it is a past one."""
        if self.point == Point():
            return {}
        return {"position": position_of(self.point), "effective_at": self.point.effective_at or END}


def pin(page: Page, asked: Asked) -> Pinned:
    """The pin of a page: what its cursor holds, where it is not the first."""
    if page.after is None:
        return Pinned(asked, asked.point)
    position, now, cases, exact, *key = page.after
    total = None if cases is None else Total(cases, exact=exact)
    return Pinned(asked.at(now), replace(asked.point, position=position), tuple(key), total)


async def listed(
    snapshot: Snapshot, rows: list[Row], page: Page, pinned: Pinned, order: Order, total: Total | None
) -> Listing:
    """A page of rows that were read one beyond its limit."""
    more, rows = len(rows) > page.limit, rows[: page.limit]
    position = rows[0]["position"] if rows else await snapshot.last()
    known = position if pinned.point.position is None else min(position, pinned.point.position)
    counted = (None, None) if total is None else (total.cases, total.exact)
    cursor = (known, pinned.asked.now.isoformat(), *counted, *order.key(rows[-1])) if more else None
    return Listing([_item(row) for row in rows], cursor, known, total)


def page_statement(order: Order, limit: int, branches: Sequence[str], *, then: bool, parts: str = "") -> str:
    """The statement that reads a page from the keys that its branches find."""
    return filled(
        _SQL["page"],
        parts=parts,
        branches=" UNION ALL ".join(branches),
        keys_of_page="".join(f"page.k{place}, " for place in range(len(order.columns))),
        columns=CASE_COLUMNS,
        rows=_ROWS_THEN if then else _ROWS_NOW,
        order_of_keys=order.of_keys,
        limit=str(limit),
    )


class CaseLists:
    """Lists of cases."""

    def __init__(self, reader: ViewReader) -> None:
        self._reader = reader

    async def cases(self, conditions: Sequence[Condition], order: Order, page: Page, asked: Asked) -> Listing:
        """A page of the cases that meet all conditions.

        The first page pins the position. The next ones are read as of it, so that no case is listed twice or left out
        while cases change.
        """
        pinned = pin(page, asked)
        async with self._reader.snapshot() as snapshot:
            counts = await _count(snapshot, conditions, order)
            counts |= await _count_ranges(snapshot, conditions)
            rows: list[Row] = []
            query = _Query(conditions, order, page.limit + 1, pinned, counts)
            if (statement := query.statement()) is not None:
                rows = await snapshot.rows(statement, query.values)
            total = pinned.total or _total(conditions, rows, page, pinned.point, counts)
            return await listed(snapshot, rows, page, pinned, order, total)


class _Query:
    """The statement of one page of a list, and its values."""

    def __init__(
        self, conditions: Sequence[Condition], order: Order, limit: int, pinned: Pinned, counts: Counts
    ) -> None:
        self._conditions, self._order, self._limit, self._point = conditions, order, limit, pinned.point
        self._key = None if pinned.key is None else order.read(pinned.key)
        self._after, keys = order.after(self._key)
        self._texts, values = _texts_of(conditions, pinned.asked)
        self._where = " AND ".join(text for _, text in self._texts) or "true"
        self._counts, self._then = counts, pinned.point != Point()
        self.values = {**values, **keys, **pinned.values}

    def statement(self) -> str | None:
        """The statement; None where the counts say that no case fits."""
        parts, branches = "", []
        opened, closed = _stand_in(self._conditions, self._counts)
        if opened:
            branches.append(self._branch("views.open_cases", self._where + _KNOWN * self._then))
        if closed:
            parts, branch = self._closed(self._where + _KNOWN * self._then)
            branches.append(branch)
        if self._then:
            ended = filled(_SQL["ended"], past=ENDED, now=NOW, windows=_windows(self._point))
            branches.append(self._branch(ended, self._where))
        return page_statement(self._order, self._limit, branches, then=self._then, parts=parts) if branches else None

    def _branch(self, relation: str, where: str) -> str:
        where = f"{where} AND {self._after}"
        return self._filled(_SQL["branch"], relation=relation, where=where, order=self._order.of_cases)

    def _closed(self, where: str) -> tuple[str, str]:
        """How closed cases are read: in order; or all that fit; or a few in order, and if need be all that fit."""
        if _fewest(self._conditions, self._counts) <= _WALK:
            gathered = self._filled(_SQL["gathered"], where=f"{where} AND {self._after}")
            return gathered, self._filled(_SQL["gathered_branch"])
        own = " AND ".join(text for each, text in self._texts if f"c.{each.column}" in self._order.columns)
        parts, found = [], list[str]()
        for n, (part, order) in enumerate(self._parts()):
            so_far = f" AND {' + '.join(found)} < {self._limit}" if found else ""
            numbered = filled(
                _SQL["closed"], n=str(n), part=f"{part} AND {own or 'true'}", order=order, where=where, filled=so_far
            )
            parts.append(self._filled(numbered, walk=str(_WALK)))
            found.append(_SQL["found"].replace("{n}", str(n)))
        branches = (_SQL["closed_branch"].replace("{n}", str(n)) for n in range(len(parts)))
        return "".join(parts), " UNION ALL ".join(branches)

    def _parts(self) -> list[tuple[str, str]]:
        """The conditions and orders that closed cases are read by, without those under which none stands."""
        empty = {
            f"{self._order.columns[0]} = {value}"
            for value in self._order.values
            if not all(_closed_of(self._counts, key) for key in _counted_with(self._conditions, self._order, value))
        }
        return [each for each in self._order.indexed(self._key) if each[0].partition(" AND ")[0] not in empty]

    def _filled(self, sql: str, **parts: str) -> str:
        common = {"keys": self._order.keys, "order_of_keys": self._order.of_keys, "limit": str(self._limit)}
        return filled(sql, **parts, **common)


def _texts_of(conditions: Sequence[Condition], asked: Asked) -> tuple[list[tuple[Condition, str]], dict[str, Any]]:
    """Each condition with its text on a case `c`, and the values of all."""
    parts, values = list[tuple[Condition, str]](), dict[str, Any]()
    for place, each in enumerate(conditions):
        column, name = f"c.{each.column}", f"f{place}"
        if each.comparison in ("overdue", "disputed", "runs"):
            text = _SQL[each.comparison] if each.value else f"{_SQL[each.comparison]} IS NOT TRUE"
            values |= {"now": asked.now, "pausing": list(asked.pausing)}
        elif each.comparison == "set":
            text = f"{column} IS {'NOT ' * bool(each.value)}NULL"
        else:
            text = (
                f"{column} = ANY(%({name})s)" if each.comparison == "in" else f"{column} {each.comparison} %({name})s"
            )
            values[name] = _value(each.value)
        parts.append((each, text))
    return parts, values


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return matchable(value) if isinstance(value, str) else value


async def _count(snapshot: Snapshot, conditions: Sequence[Condition], order: Order) -> Counts:
    """The counts of the values that a list is filtered by, and goes through; under ("", "") that of all cases."""
    wanted = [
        *_counted(conditions),
        *(pair for value in order.values for pair in _counted_with(conditions, order, value)),
    ]
    values = {"names": [name for name, _ in wanted], "values": [value for _, value in wanted]}
    return {(row["name"], row["value"]): row for row in await snapshot.rows(_SQL["counts"], values, prepared=True)}


async def _count_ranges(snapshot: Snapshot, conditions: Sequence[Condition]) -> Counts:
    """How many closed cases lie in the ranges of a list, up to one more than are walked; an index holds each column."""
    counts: Counts = {}
    for column in _RANGED:
        bounds = [each for each in conditions if each.column == column and each.comparison in (">=", "<")]
        if bounds:
            where = " AND ".join(f"c.{column} {each.comparison} %(b{n})s" for n, each in enumerate(bounds))
            values = {f"b{n}": each.value for n, each in enumerate(bounds)} | {"most": _WALK + 1}
            (row,) = await snapshot.rows(filled(_SQL["in_range"], where=where), values)
            counts[column, _RANGE] = row
    return counts


def _counted(conditions: Sequence[Condition]) -> list[tuple[str, str]]:
    equal = {each.column: _value(each.value) for each in conditions if each.comparison == "="}
    return list(counted_values(equal))


def _counted_with(conditions: Sequence[Condition], order: Order, value: int) -> list[tuple[str, str]]:
    """The same for the cases with one value of the column that they are sorted by."""
    own = Condition(order.columns[0].removeprefix("c."), "=", value)
    return _counted([*(each for each in conditions if each.column != own.column), own])


def _total(conditions: Sequence[Condition], rows: list[Row], page: Page, point: Point, counts: Counts) -> Total:
    """How many cases the list has: exact where one counted value decides, and where all stand on this page."""
    if page.after is None and len(rows) <= page.limit:
        return Total(len(rows), exact=True)
    keys = _counted(conditions) or [("", "")]
    if point == Point() and len(conditions) <= 1 and (not conditions or keys != [("", "")]):
        return Total(counts[keys[0]]["cases"], exact=True)
    return Total(len(rows), exact=False)


def _closed_of(counts: Counts, key: tuple[str, str]) -> int:
    closed: int = counts.get(key, _NONE)["closed"]
    return closed


def _windows(point: Point) -> str:
    """Where the intervals of a point are looked for."""
    known = [_SQL["known_then"]] if point.position is not None else []
    return " OR ".join([*known, *([_SQL["happened_then"]] if point.effective_at is not None else [])])


def _stand_in(conditions: Sequence[Condition], counts: Counts) -> tuple[bool, bool]:
    """Whether open cases can meet the conditions, and whether closed ones can."""
    counted = [counts.get(key, _NONE) for key in _counted(conditions)]
    opened = all(row["cases"] > row["closed"] for row in counted)
    closed = all(row["closed"] for row in counted)
    for each in conditions:
        if each.column == "status":
            values = (each.value,) if each.comparison == "=" else each.value
            opened, closed = opened and set(values) != {"closed"}, closed and "closed" in values
        elif each.comparison in ("disputed", "runs") or (each.comparison == "overdue" and each.value):
            closed = False
    return opened, closed


def _fewest(conditions: Sequence[Condition], counts: Counts) -> int:
    """At most so many closed cases meet the conditions, by what is counted."""
    if any(each.column in _RARE and (each.value if each.comparison == "set" else True) for each in conditions):
        return 0
    ranges = [_closed_of(counts, key) for key in counts if key[1] == _RANGE]
    return min((*ranges, *(_closed_of(counts, key) for key in _counted(conditions))), default=LATEST)


def _item(row: Row) -> Row:
    return case_item({name: value for name, value in row.items() if name not in ("k0", "k1")})
