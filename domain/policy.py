"""What the organisation decided and may decide anew: versioned data, never a constant in a rule.

The version in force is frozen on each event it decided, so that changing a policy never changes how an old
decision reads. Changing it by an event of its own comes with the catalogue; until then this is version 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from domain.values import Level


@dataclass(frozen=True)
class Matrix:
    """The priority matrix (R-5.4a): rows are impact, columns severity, both 1 (high) to 3 (low)."""

    version: str
    rows: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

    def priority(self, impact: Level, severity: Level) -> int:
        """The priority, 1 to 4, 1 the most urgent."""
        return self.rows[impact - 1][severity - 1]


@dataclass(frozen=True)
class Policy:
    """The policy in force: times are wall-clock intervals."""

    version: str
    matrix: Matrix
    dispute_window: timedelta
    """From the accepted notification to the automatic closure (R-5.9d)."""
    backdating_limit: timedelta
    """How far `received_at` may lie in the past when a person enters it (R-5.2a)."""
    backdating_unexplained: timedelta
    """How old a contact may be before entering it by hand needs a reason (R-5.2a)."""
    oldest_contact: timedelta
    """How old a contact may be whatever logs it: older ones are history, which is imported."""
    clock_tolerance: timedelta
    """How far a caller's clock may run ahead of ours before `received_at` counts as in the future."""


MATRIX_1 = Matrix("matrix/1", ((1, 2, 3), (2, 3, 4), (3, 4, 4)))
POLICY_1 = Policy(
    version="policy/1",
    matrix=MATRIX_1,
    dispute_window=timedelta(hours=72),
    backdating_limit=timedelta(hours=72),
    backdating_unexplained=timedelta(hours=8),
    oldest_contact=timedelta(days=366),
    clock_tolerance=timedelta(minutes=2),
)
