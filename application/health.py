"""Readiness of a desk to write, and to read its views. The two are independent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.readers.webhook import DisabledBy


@dataclass(frozen=True)
class Readiness:
    """Reasons why the desk cannot write or read views. None where it can."""

    write: str | None
    views: str | None

    @property
    def why(self) -> str | None:
        """All reasons why it is not ready."""
        return "; ".join(dict.fromkeys(filter(None, (self.write, self.views)))) or None


def readiness(health: Mapping[str, Any]) -> Readiness:
    """Derive readiness from `Views.health`. Views are ready while a projector runs, neither halted nor late.

    A process that a newer release has left behind is ready for nothing: a load balancer sends its requests to others.
    """
    if (why := health["left_behind"]) is not None:
        return Readiness(why, why)
    return Readiness(None if health["writable"] else "the database takes no writes", _unready_views(health))


def _unready_views(health: Mapping[str, Any]) -> str | None:
    if health["halted_at"] is not None:
        return f"the projector halted before position {health['halted_at']}: {health['halted_by']}"
    if not health["projecting"]:
        return f"no projector is running: the views stand still at position {health['position']}"
    if health["workers"].get("projector", {}).get("state") == "late":
        return f"the projector does not answer: the views stand at position {health['position']}"
    return None


def is_failing(webhook: Mapping[str, Any]) -> bool:
    """Whether a webhook does not take events, or was disabled by nobody's order."""
    ordered = (f"disabled: {DisabledBy.ADMINISTRATOR}", "no secret")
    return webhook["pause"] not in ordered if webhook["pause"] is not None else bool(webhook["failures"])


def standing_in_words(webhook: Mapping[str, Any]) -> str:
    """How far a webhook is, in words."""
    if webhook["pause"] is not None:
        return str(webhook["pause"])
    failing = f", failed {webhook['failures']} times" if webhook["failures"] else ""
    return f"at {webhook['position']}, {webhook['behind']} behind{failing}"
