"""A moment in a history: at a version, and as the ledger knew it at a position or by a time of recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from application.ports import Entry
from domain.errors import NotFound


def then(
    history: Sequence[Entry],
    number: str,
    *,
    version: int | None = None,
    position: int | None = None,
    as_of: datetime | None = None,
) -> Sequence[Entry]:
    """What of a history there was then: of `position` and `as_of` the earlier holds.

    A `version` must have been there by then, and ends it. Raises NotFound.
    """
    known = [
        entry.event.originator_version
        for entry in history
        if (position is None or entry.position <= position) and (as_of is None or entry.recorded_at <= as_of)
    ]
    if not known:
        raise NotFound(f"there was no {number} then")
    if version is not None and version not in range(1, max(known) + 1):
        had = f"{number} has no version" if position is None and as_of is None else f"{number} then had no version"
        raise NotFound(f"{had} {version}")
    return [entry for entry in history if entry.event.originator_version <= (version or max(known))]
