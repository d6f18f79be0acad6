"""What a list of cases is filtered and sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from domain.case.status import ANY, SETTLED

Comparison: TypeAlias = Literal["=", ">=", "<", "in", "set", "overdue", "disputed", "runs"]
"""`set` is whether there is a value. The last three are states that follow from several columns and from the time."""
Sort: TypeAlias = Literal[
    "number", "-number", "received", "-received", "updated", "-updated", "due", "-due", "priority", "-priority"
]


@dataclass(frozen=True)
class Condition:
    """One condition on a column of a case. All conditions of a list must hold."""

    column: str
    comparison: Comparison
    value: Any


NOT_SETTLED = Condition("status", "in", tuple(sorted(ANY - SETTLED)))


def marked(column: str, value: str) -> Condition:
    """A condition on a column that is often empty: a value, or `any` or `none` of them."""
    return Condition(column, "set", value == "any") if value in ("any", "none") else Condition(column, "=", value)
