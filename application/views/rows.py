"""Views that keep one row for each aggregate: the row is the aggregate's own state, folded as a replay folds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from uuid import UUID

from application.views.columns import Columns
from domain.aggregate import Recorded, Root


class RowFold:
    """One aggregate while events fold into it. A subclass is one view."""

    AGGREGATE: ClassVar[type[Root]]
    OPENING: ClassVar[type[Recorded]]
    """The aggregate's first event."""
    COLUMNS: ClassVar[Columns]

    def __init__(self, id: UUID) -> None:  # noqa: A002 - the library's own name
        self.id, self.version = id, 0
        self.state: Any = self.AGGREGATE.__new__(self.AGGREGATE)
        self.state.begin()

    @classmethod
    def open(cls, event: Recorded) -> Self | None:
        """Begin a fold with an aggregate's first event; None where the view has dropped the aggregate's row.

        Raises TypeError for any other event of an aggregate that the view does not know.
        """
        if not isinstance(event, cls.OPENING):
            aggregate = f"{cls.AGGREGATE.__name__} {event.originator_id}"
            raise TypeError(f"{event.TOPIC} is no opening event, and {aggregate} is unknown to the view")
        return cls(event.originator_id)

    @classmethod
    def resume(cls, row: Mapping[str, Any]) -> Self:
        """Resume a fold from the row it left."""
        fold = cls(row["id"])
        cls.COLUMNS.restore(fold, row)
        return fold

    def fold(self, event: Recorded) -> None:
        """Apply an event."""
        event.apply(self.state)
        self.version = event.originator_version

    @property
    def is_kept(self) -> bool:
        """Whether the view still has a row for it."""
        return True
