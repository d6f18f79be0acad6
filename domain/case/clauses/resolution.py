"""SOP 5.8: the team resolves, verifies with the customer, and opens a Problem Case when the cause remains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.case.targets import end_of_wait
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode, received_after
from domain.errors import (
    ContradictsRecord,
    DiagnosisRequired,
    InformationRequired,
    Invalid,
    InvalidTransition,
    ProblemLinkRequired,
    ServiceRequired,
    UnknownReference,
    VerificationRequired,
)
from domain.obligation import ObligationKind
from domain.policy import EVIDENCE, NO_PERSON, Policy, contact_method
from domain.values import Disclosure, Nature, Provenance


class ContactOutcome(StrEnum):
    """Whether an attempt to reach the customer succeeded."""

    REACHED = "reached"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Verification:
    """The customer's word on the resolution, and how they were asked (R-5.8a)."""

    satisfactory: bool
    able_to_work: bool
    method: str
    at: datetime | None = None
    """When they were asked; None: now."""
    outcome: ContactOutcome = ContactOutcome.REACHED


class Verifier(StrEnum):
    """Whose word a resolution rests on."""

    CUSTOMER = "customer"
    OWNER = "owner"
    """The service's owner, for an alert that no person reported (R-5.8d)."""
    NOBODY = "unreachable"
    """Nobody: the customer could not be reached in the policy's attempts (R-5.8c)."""
    PARENT = "parent"
    """That of the major incident whose resolution this one follows (R-5.7d)."""


class Verified(Recorded):
    """The customer said whether the resolution works, or could not be reached."""

    TOPIC = "case.verified"
    SETTLES = (ObligationKind.READ_ANSWER,)
    satisfactory: bool
    able_to_work: bool
    method: str
    at: datetime
    outcome: ContactOutcome = ContactOutcome.REACHED
    verifier: Verifier = Verifier.CUSTOMER
    overtaken: bool = False
    """Whether later work, or a later word of theirs, was on the record already."""

    def _fold(self, case: CaseState) -> None:
        if self.outcome is ContactOutcome.UNREACHABLE:
            case.attempts = (*case.attempts, (self.at, self.method))
            return
        case.contacted(self.at)
        if self.satisfactory and self.able_to_work:
            case.verified_at = self.at if case.verified_at is None else max(self.at, case.verified_at)
        else:
            case.failed_fixes += 1
            if not self.overtaken:
                case.worked(self.at)


class Resolved(Recorded):
    """The case is resolved. Obligations of the open case end."""

    TOPIC = "case.resolved"
    SETTLES = (
        *(ObligationKind.COMMUNICATE, ObligationKind.ANSWER_NOMINATION),
        *(ObligationKind.READ_ANSWER, ObligationKind.ASK_CUSTOMER),
    )
    code: ResolutionCode
    workaround: bool
    cause_corrected: CauseCorrected
    resolved_at: datetime
    problem: str | None = None
    solution: Disclosure | None = None
    verifier: Verifier | None = None
    first_contact: bool = False
    """Whether the desk resolved an incident that no team ever had (R-5.5e)."""
    paused: bool | None = None
    """Whether the clock stood still under the wait that this ended (`targets.py`).

    None where the case did not wait, and before 0.5.0, where the reopening decided.
    """
    resolve_by: datetime | None = None
    """The target that the end of the wait moved."""
    resolve_warning_at: datetime | None = None

    def _fold(self, case: CaseState) -> None:
        case.resolved_from, case.status = case.status, Status.RESOLVED
        case.resolution = Resolution(self.code, self.workaround, self.cause_corrected, self.problem)
        case.resolved_at, case.solution = self.resolved_at, self.solution
        case.resolution_version, case.suspected_at = self.originator_version, None
        wait, case.pending = case.pending, None
        case.waited = None if self.paused is not None else wait
        since = wait.since if wait and self.paused else None
        case.paused(since, self.resolved_at, self.resolve_by, self.resolve_warning_at)


_BY_OTHERS = (ResolutionCode.REFERRED, ResolutionCode.DUPLICATE, ResolutionCode.NOT_RECORDED)
_CAUSED = (ResolutionCode.FIXED, ResolutionCode.WORKAROUND)
_STATED = (CauseCorrected.YES, CauseCorrected.NO, CauseCorrected.UNKNOWN)
NO_INCIDENT = (ResolutionCode.RECLASSIFIED_REQUEST, ResolutionCode.REFERRED, ResolutionCode.DUPLICATE)
"""Codes that leave the incident figures (R-4.2c, R-5.3d)."""


def record_resolution(
    case: CaseState, resolution: Resolution, policy: Policy, provenance: Provenance, **fields: Any
) -> None:
    """Resolve a case, and end its wait. The caller has checked that it may be resolved."""
    wait = end_of_wait(case, policy, provenance.at)
    case.record(Resolved, provenance, **vars(resolution), **wait, resolved_at=provenance.at, **fields)


class Resolutions(CaseState):
    """How the case was resolved, and the customer's verification."""

    def verify(self, verification: Verification, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record the customer's word. A negative one returns the case to work as a failed fix (R-5.8b).

        One that later work or a later word has overtaken is counted, and voids nothing.
        Raises InvalidTransition, and Invalid for a time in the future or a method that reaches no person.
        """
        self.allow("verify", provenance)
        at = verification.at or provenance.at
        if at > provenance.at:
            raise Invalid("A verification cannot lie in the future.", "/at")
        if verification.method in EVIDENCE:
            raise UnknownReference(NO_PERSON, "/method")
        newer = max(filter(None, (self.received_at, self.last_work_at, self.verified_at)))
        overtaken = not received_after(at, newer)
        told = {**vars(verification), "at": at, "verifier": self._person, "overtaken": overtaken}
        self.record(Verified, provenance, **told, reason=reason)

    def resolve(
        self,
        resolution: Resolution,
        solution: Disclosure,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> None:
        """Resolve the case (5.8, 5.8.1).

        Raises PriorityRequired, InvalidTransition, InformationRequired (R-5.2c), ServiceRequired (R-4.1b),
        DiagnosisRequired (R-5.5c), VerificationRequired for an assigned case (R-5.8a), ProblemLinkRequired (R-5.8.1a),
        Invalid for a code or cause that does not fit.
        """
        self.require_priority()
        self.allow("resolve", provenance)
        self.require_own_way("be resolved")
        self._require_known(resolution)
        verifier = self._verifier(policy)
        if self.status is Status.ASSIGNED and verifier is None:
            raise VerificationRequired
        self._record_resolved(resolution, solution, verifier, policy, provenance, reason)

    def resolve_with(
        self, parent: str, resolution: Resolution, solution: Disclosure, policy: Policy, provenance: Provenance
    ) -> None:
        """Follow a linked case's resolution, by its team's explicit decision (R-5.7d).

        The parent's verification counts, and the case needs no priority. Raises InvalidTransition, InformationRequired
        (R-5.2c), ServiceRequired (R-4.1b), DiagnosisRequired (R-5.5c), Invalid (R-4.2a), ProblemLinkRequired.
        """
        if self.status in SETTLED:
            raise InvalidTransition(f"This case is {self.status} already.")
        if parent not in self.links:
            raise InvalidTransition(f"This case is not linked with {parent}.")
        self.require_own_way("be resolved")
        self._require_known(resolution)
        self._record_resolved(resolution, solution, Verifier.PARENT, policy, provenance, None)

    def _require_known(self, resolution: Resolution) -> None:
        """Check what every resolution needs.

        Raises InformationRequired (R-5.2c), ServiceRequired (R-4.1b), DiagnosisRequired (R-5.5c), Invalid (R-4.2a).
        """
        if self.required:
            raise InformationRequired(f"Complete {', '.join(self.required)}, or waive it with a reason (R-5.2c).")
        if self.service is None and resolution.code is not ResolutionCode.RECLASSIFIED_REQUEST:
            raise ServiceRequired
        if not self.symptomatic:
            raise DiagnosisRequired
        if resolution.code is ResolutionCode.AVERTED and self.nature is not Nature.IMPENDING:
            raise ContradictsRecord("Only an interruption that has not happened is averted (R-4.2a).", "/code")

    def _record_resolved(
        self,
        resolution: Resolution,
        solution: Disclosure,
        verifier: Verifier | None,
        policy: Policy,
        provenance: Provenance,
        reason: Disclosure | None,
    ) -> None:
        if resolution.code in _BY_OTHERS:
            raise Invalid(f"Another command sets the code {resolution.code}.", "/code")
        if resolution.code in _CAUSED and resolution.cause_corrected not in _STATED:
            raise Invalid("State whether the cause was corrected: yes, no or unknown (R-5.8.1a).", "/cause_corrected")
        if resolution.needs_problem and resolution.problem is None:
            raise ProblemLinkRequired
        first_contact = not self.ever_assigned and resolution.code not in NO_INCIDENT and verifier != Verifier.PARENT
        told = {"solution": solution, "verifier": verifier, "first_contact": first_contact, "reason": reason}
        record_resolution(self, resolution, policy, provenance, **told)

    def _verifier(self, policy: Policy) -> Verifier | None:
        """Whose word stands that is newer than the last work; nobody's after the policy's attempts (R-5.8c)."""
        if self.verified_since_last_work:
            return self._person
        made = [each for each in self.attempts if received_after(each[0], self.last_work_at or self.received_at)]
        enough = (
            len(made) >= policy.verification_attempts
            and policy.business.business_days(at for at, _ in made) >= policy.verification_days
            and len({contact_method(method) for _, method in made}) >= policy.verification_methods
        )
        return Verifier.NOBODY if enough else None

    @property
    def _person(self) -> Verifier:
        return Verifier.OWNER if self.impersonal else Verifier.CUSTOMER

    @property
    def verified_since_last_work(self) -> bool:
        """Whether a positive verification is newer than the last work on the case (R-5.8a)."""
        since = self.last_work_at or self.received_at
        return self.verified_at is not None and received_after(self.verified_at, since)


EVENTS = (Verified, Resolved)
