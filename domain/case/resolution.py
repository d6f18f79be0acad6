"""SOP 5.8: the team resolves, verifies with the customer, and opens a Problem Case when the cause remains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.aggregate import Recorded
from domain.case.assignment import Assignment
from domain.case.state import CaseState, CauseCorrected, Resolution, ResolutionCode
from domain.case.status import Status
from domain.errors import DiagnosisRequired, Invalid, ProblemLinkRequired, ServiceRequired, VerificationRequired
from domain.values import Disclosure, Provenance


class Outcome(StrEnum):
    REACHED = "reached"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Verification:
    """What the customer said of the resolution, and how he was asked (R-5.8a)."""

    satisfactory: bool
    able_to_work: bool
    method: str
    at: datetime
    outcome: Outcome = Outcome.REACHED


class Verified(Recorded):
    TOPIC = "case.verified"
    satisfactory: bool
    able_to_work: bool
    method: str
    at: datetime
    outcome: Outcome = Outcome.REACHED

    def apply(self, case: CaseState) -> None:
        if self.outcome is Outcome.UNREACHABLE:
            return
        if self.satisfactory and self.able_to_work:
            case.verified_at = self.at
        else:
            case.failed_fixes += 1
            case.worked(self.at)


class Resolved(Recorded):
    TOPIC = "case.resolved"
    code: ResolutionCode
    workaround: bool
    cause_corrected: CauseCorrected
    resolved_at: datetime
    problem: str | None = None
    solution: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.resolved_from, case.status = case.status, Status.RESOLVED
        case.resolution = Resolution(self.code, self.workaround, self.cause_corrected, self.problem)
        case.resolved_at, case.solution = self.resolved_at, self.solution
        case.pending = None


class Resolving(Assignment):
    def verify(self, verification: Verification, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record the customer's word. A negative one returns the case to work as a failed fix (R-5.8b).

        Raises InvalidTransition, Invalid when it lies in the future.
        """
        self.allow("verify", provenance)
        if verification.at > provenance.at:
            raise Invalid("a verification cannot lie in the future", "/at")
        self.record(Verified, provenance, **vars(verification), reason=reason)

    def resolve(
        self, resolution: Resolution, solution: Disclosure, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Resolve the case (5.8, 5.8.1).

        Raises PriorityRequired, InvalidTransition, ServiceRequired (R-4.1b), DiagnosisRequired (R-5.5c),
        VerificationRequired for an assigned case (R-5.8a), ProblemLinkRequired (R-5.8.1a).
        """
        self.require_priority()
        self.allow("resolve", provenance)
        if self.service is None and resolution.code is not ResolutionCode.RECLASSIFIED_REQUEST:
            raise ServiceRequired
        if not self.symptomatic:
            raise DiagnosisRequired
        if self.status is Status.ASSIGNED and not self.verified_since_last_work:
            raise VerificationRequired
        if resolution.needs_problem and resolution.problem is None:
            raise ProblemLinkRequired
        self.record(
            Resolved, provenance, **vars(resolution), resolved_at=provenance.at, solution=solution, reason=reason
        )

    @property
    def verified_since_last_work(self) -> bool:
        """Whether a positive verification stands that is newer than the last work on the case."""
        if self.verified_at is None:
            return False
        return self.last_work_at is None or self.verified_at >= self.last_work_at


EVENTS = (Verified, Resolved)
