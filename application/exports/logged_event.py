"""An event as the exports read it: its row, its leaf in the transparency log, and its words where they are wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple


class LoggedEvent(NamedTuple):
    """One row of the record."""

    position: int
    leaf: int
    """Index of its leaf in the transparency log that the export stands on."""
    stream: str
    number: str | None
    """The number of the case or the problem."""
    version: int
    topic: str
    recorded_at: datetime
    db_role: str
    state: bytes
    """The stored bytes."""
    disclosures: bytes | None = None
    """Its disclosures in the vault, as JSON objects with commas between; None where there are none, or none are wanted."""
    disclosed: int = 0
    """How many these are."""


def moment_text(moment: datetime) -> str:
    """A UTC moment in RFC 3339, always with six digits of a second, so that texts sort as moments do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def occurred(recorded: str, state: dict[str, Any]) -> str:
    """When an event happened, by its decoded state: when it was recorded unless the state tells another moment."""
    stated = state.get("occurred_at")
    return recorded if stated is None else moment_text(datetime.fromisoformat(stated).astimezone(UTC))
