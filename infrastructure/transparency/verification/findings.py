"""What a check finds, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_MOST = 1_000
"""Findings that are told one by one; of the rest only how many."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was sealed, or not as it must be."""

    check: str
    message: str
    leaf: int | None = None
    position: int | None = None
    case: str | None = None
    """The number of the case, or the stream where no number is known."""


@dataclass
class Findings:
    """What all checks found, and how much each looked at."""

    checked: dict[str, int] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    untold: int = 0

    @property
    def ok(self) -> bool:
        return not self.found

    def add(self, check: str, message: str, **where: Any) -> None:
        """Something is wrong: position, leaf and case say where."""
        if len(self.found) < _MOST:
            self.found.append(Finding(check, message, **where))
        else:
            self.untold += 1

    def warn(self, check: str, message: str, **where: Any) -> None:
        """Something that may be harmless, and that an auditor should know."""
        if len(self.warnings) < _MOST:
            self.warnings.append(Finding(check, message, **where))

    def count(self, what: str, many: int) -> None:
        """So many were looked at."""
        self.checked[what] = self.checked.get(what, 0) + many
