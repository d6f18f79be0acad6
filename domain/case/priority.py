"""SOP 5.4: severity and impact set the priority, by a matrix that is policy and not code."""

from __future__ import annotations

from dataclasses import dataclass

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.policy import Matrix
from domain.values import Disclosure, Level, Provenance


@dataclass(frozen=True)
class Assessment:
    """Impact and severity, both required (R-5.4a), and the priority a person put in the matrix's place (R-5.4b)."""

    impact: Level
    severity: Level
    override: int | None = None


class Prioritized(Recorded):
    TOPIC = "case.prioritized"
    impact: Level
    severity: Level
    priority: int
    matrix: str
    computed: int | None = None
    """What the matrix says, where it was overridden."""

    def apply(self, case: CaseState) -> None:
        case.impact, case.severity = self.impact, self.severity
        case.priority, case.matrix = self.priority, self.matrix
        if case.status in (Status.LOGGED, Status.TRIAGED):  # from `logged` only in imported history
            case.status = Status.PRIORITIZED


class Priority(CaseState):
    def prioritize(
        self, assessment: Assessment, matrix: Matrix, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Assess, or assess anew, until the case closes (R-5.4c). Raises InvalidTransition."""
        self.allow("prioritize", provenance)
        computed = matrix.priority(assessment.impact, assessment.severity)
        overridden = assessment.override is not None and assessment.override != computed
        self.record(
            Prioritized,
            provenance,
            impact=assessment.impact,
            severity=assessment.severity,
            priority=assessment.override if overridden else computed,
            matrix=matrix.version,
            computed=computed if overridden else None,
            reason=reason,
        )


EVENTS = (Prioritized,)
