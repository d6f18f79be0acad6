"""What a desk can do now: write, and read its views. One that cannot do the one may still do the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Readiness:
    """Why the desk cannot do something; None where it can."""

    write: str | None
    views: str | None

    @property
    def why(self) -> str | None:
        """All that keeps it from being ready."""
        return "; ".join(filter(None, (self.write, self.views))) or None


def readiness(health: Mapping[str, Any]) -> Readiness:
    """Read from `Views.health`: views are ready while a projector works that no event halted and that is not late."""
    return Readiness(None if health["writable"] else "the database takes no writes", _unready_views(health))


def _unready_views(health: Mapping[str, Any]) -> str | None:
    if health["halted_at"] is not None:
        return f"the projector halted before position {health['halted_at']}: {health['halted_by']}"
    if not health["projecting"]:
        return f"no projector is running: the views stand still at position {health['position']}"
    if health["workers"].get("projector", {}).get("state") == "late":
        return f"the projector does not answer: the views stand at position {health['position']}"
    return None
