"""Findings and warnings of the checks, and how much each check looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_MOST = 1_000
"""Findings that are listed. Further ones are only counted."""


@dataclass(frozen=True)
class Finding:
    """A difference from what was sealed, or from what must hold."""

    check: str
    message: str
    leaf: int | None = None
    position: int | None = None
    case: str | None = None
    """The number of the case, or its stream where it has no number."""


@dataclass
class Findings:
    """The findings of all checks."""

    checked: dict[str, int] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    unlisted: int = 0

    @property
    def ok(self) -> bool:
        """Whether there is no finding."""
        return not self.found

    def add(self, check: str, message: str, **where: Any) -> None:
        """Add a finding; ``where`` is its position, leaf and case."""
        if len(self.found) < _MOST:
            self.found.append(Finding(check, message, **where))
        else:
            self.unlisted += 1

    def warn(self, check: str, message: str, **where: Any) -> None:
        """Add a warning: it may be harmless, and an auditor should know it."""
        if len(self.warnings) < _MOST:
            self.warnings.append(Finding(check, message, **where))

    def count(self, what: str, many: int) -> None:
        """Count so many checked items."""
        self.checked[what] = self.checked.get(what, 0) + many
