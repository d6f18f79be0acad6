"""Stores the timers of targets: a row for each target that a case runs towards, or that something was recorded about.

Two kinds of stream meet in a row. The case's says when its target falls due, the watch's what was recorded of it. Each
writes columns of its own, and the row derives its next due time from both, so that either may come first in a rebuild.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import psycopg

from domain.aggregate import Recorded
from domain.case.target_watch import TargetBreached, TargetWarned
from domain.case.targets import WatchedTarget
from infrastructure.views.stores.statements import statements, transposed

Moved: TypeAlias = tuple[str, tuple[WatchedTarget, ...], tuple[WatchedTarget, ...]]
"""A case's number, and the targets that it had before some events and after them."""


class TargetsStore:
    """Folds targets into the table of a schema, in the open transaction of a connection."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "views") -> None:
        self._connection, self._sql = connection, statements("targets", schema)

    def move(self, cases: Iterable[Moved]) -> None:
        """Keep the targets of cases that events have changed."""
        running, ended = list[tuple[Any, ...]](), list[tuple[str, str]]()
        for number, before, after in cases:
            if before != after:
                running += (_row(number, each) for each in after)
                kinds = {each.kind for each in after}
                ended += ((number, each.kind.value) for each in before if each.kind not in kinds)
        # Rows are locked in one order, since a rebuild has several folds.
        if running:
            self._connection.execute(self._sql["run"], transposed(sorted(running, key=lambda row: row[:2])))
        if ended:
            self._connection.execute(self._sql["end"], transposed(sorted(ended)))
            self._connection.execute(self._sql["forget"], transposed(sorted(ended)))

    def fold(self, events: Sequence[tuple[Recorded, int]]) -> None:
        """Fold events of watches, in order."""
        told = (event for event, _ in events if isinstance(event, (TargetWarned, TargetBreached)))
        found = [(each.case, each.kind.value, each.due_at, isinstance(each, TargetBreached)) for each in told]
        if found:
            self._connection.execute(self._sql["record"], transposed(found))


def _row(number: str, target: WatchedTarget) -> tuple[Any, ...]:
    waits = "" if target.waits is None else target.waits.value
    return (number, target.kind.value, target.due_at, target.warning_at, waits)
