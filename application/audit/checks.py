"""The checks of the whole record. Each takes long, so one runs at a time, and its last result is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Check(StrEnum):
    """A command that looks at every event."""

    VERIFY = "verify"
    CONFORMANCE = "conformance"


class CheckRunning(Exception):
    """The same check is running already."""


@dataclass(frozen=True)
class KeptResult:
    """How a check ended."""

    by: str
    """Who asked for it."""
    started_at: datetime
    ended_at: datetime
    ok: bool | None
    """Whether nothing was found; None where the check could not run."""
    why: str | None
    """Why it could not run."""
    result: Mapping[str, Any] | None
    """What the command says with `--json`."""


@dataclass(frozen=True)
class CheckState:
    """A check now: its last result, and since when it runs."""

    check: Check
    running_since: datetime | None
    last: KeptResult | None


class Checks(Protocol):
    """Runs the checks apart from the desk's own work, and keeps their results."""

    def state(self, check: Check) -> CheckState:
        """How a check stands. A result that cannot be read counts as none."""
        ...

    def begin(self, check: Check, by: str, vkeys: Sequence[str] = (), held: Sequence[str] = ()) -> None:
        """Begin a check; ``vkeys`` and ``held`` checkpoints are for `verify`. Raises CheckRunning, OSError."""
        ...
