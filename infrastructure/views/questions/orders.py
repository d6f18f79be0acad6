"""In which order a list of cases is read, and where its next page begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.views.case_filters import Sort

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Order:
    """The columns that a list of cases is sorted by. Ties are broken by the number, which is unique."""

    columns: tuple[str, ...]
    down: bool = False
    nullable: bool = False
    """Whether the one column may be empty. Cases without a value come last, in both directions."""
    values: tuple[int, ...] = ()
    """All values of the one column, where they are few."""

    @property
    def keys(self) -> str:
        """The columns of a key, `k0` and so on, and the number."""
        named = (f"{column} AS k{place}" for place, column in enumerate(self.columns))
        return ", ".join((*named, "c.number"))

    @property
    def of_cases(self) -> str:
        """How cases `c` are sorted."""
        return self._sorted((*self.columns, "c.number"))

    @property
    def of_keys(self) -> str:
        """How keys are sorted."""
        return self._sorted((*(f"k{place}" for place in range(len(self.columns))), "number"))

    def after(self, key: Sequence[Any] | None) -> tuple[str, dict[str, Any]]:
        """The condition of cases after a key, and its values."""
        if key is None:
            return "true", {}
        values = dict(zip((*(f"k{place}" for place in range(len(self.columns))), "after"), key, strict=True))
        if self.nullable:
            return f"({self._after_value(key[0])})", values
        wanted = ", ".join(f"%({name})s" for name in values)
        return f"({', '.join((*self.columns, 'c.number'))}) {self._than} ({wanted})", values

    def indexed(self, key: Sequence[Any] | None) -> list[tuple[str, str]]:
        """Conditions and orders that follow an index, one after the other.

        A sort by a column of few values goes through these, and one by any column that may be empty ends with the empty.
        """
        if not self.nullable:
            return [(self.after(key)[0], self.of_cases)]
        column, direction = self.columns[0], "DESC" if self.down else "ASC"
        order = f"{column} {direction}, c.number {direction}"
        parts = [f"{column} = {value}" for value in (reversed(self.values) if self.down else self.values)]
        parts = [*(parts or [f"{column} IS NOT NULL"]), f"{column} IS NULL"]
        if key is None:
            return [(part, order) for part in parts]
        after = f"c.number {self._than} %(after)s"
        if key[0] is None:
            return [(f"{parts[-1]} AND {after}", order)]
        if not self.values:
            return [(f"({column}, c.number) {self._than} (%(k0)s, %(after)s)", order), (parts[-1], order)]
        begun = parts.index(f"{column} = {key[0]}")
        return [(f"{parts[begun]} AND {after}", order), *((part, order) for part in parts[begun + 1 :])]

    def key(self, row: Row) -> tuple[Any, ...]:
        """The key of a row, as a cursor holds it."""
        keys = (row[f"k{place}"] for place in range(len(self.columns)))
        return (*(key.isoformat() if isinstance(key, datetime) else key for key in keys), row["number"])

    def read(self, key: Sequence[Any]) -> tuple[Any, ...]:
        """The key that a cursor holds."""
        moments = ("_at" in column or "_by" in column for column in self.columns)
        values = zip(moments, key, strict=False)
        return (
            *(datetime.fromisoformat(value) if moment and value is not None else value for moment, value in values),
            key[-1],
        )

    @property
    def _than(self) -> str:
        return "<" if self.down else ">"

    def _after_value(self, value: Any) -> str:
        column = self.columns[0]
        if value is None:
            return f"{column} IS NULL AND c.number {self._than} %(after)s"
        same = f"{column} = %(k0)s AND c.number {self._than} %(after)s"
        return f"{column} {self._than} %(k0)s OR {same} OR {column} IS NULL"

    def _sorted(self, columns: Sequence[str]) -> str:
        if not self.down:
            return ", ".join(columns)
        *first, number = columns
        return ", ".join((*(f"{column} DESC{' NULLS LAST' * self.nullable}" for column in first), f"{number} DESC"))


QUEUE = Order(("coalesce(c.priority, 9)", "c.received_at"))
"""How a queue is worked: by priority, then by time of receipt."""
SOONEST = Order(("c.due_at",), nullable=True)
"""The sooner of the two targets first."""
_COLUMNS = {"received": "c.received_at", "updated": "c.updated_at", "due": "c.resolve_by", "priority": "c.priority"}


def order_of(sort: Sort) -> Order:
    """The order of a sort that a caller names."""
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name == "number":
        return Order((), down)
    return Order((_COLUMNS[name],), down, name in ("due", "priority"), (1, 2, 3, 4) if name == "priority" else ())
