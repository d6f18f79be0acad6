"""SOP 5.8: the team resolves, verifies with the customer, and opens a Problem Case when the cause remains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.aggregate import Recorded
from domain.case.clauses.assignment import Assignment
from domain.case.clauses.logging import Logging
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import end_of_wait
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode, received_after
from domain.errors import (
    DiagnosisRequired,
    Invalid,
    InvalidTransition,
    ProblemLinkRequired,
    ServiceRequired,
    VerificationRequired,
)
from domain.obligation import ObligationKind
from domain.policy import EVIDENCE, NO_PERSON, Policy, contact_method
from domain.values import Disclosure, Nature, Provenance


class ContactOutcome(StrEnum):
    REACHED = "reached"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Verification:
    """What the customer said of the resolution, and how he was asked (R-5.8a)."""

    satisfactory: bool
    able_to_work: bool
    method: str
    at: datetime
    outcome: ContactOutcome = ContactOutcome.REACHED


class Verifier(StrEnum):
    """Whose word a resolution rests on, where it rests on one."""

    CUSTOMER = "customer"
    OWNER = "owner"
    """The service's, for an alert that no person reported (R-5.8d)."""
    NOBODY = "unreachable"
    """The customer could not be reached, by the policy's attempts (R-5.8c)."""
    PARENT = "parent"
    """The major incident's, in whose resolution this one follows (R-5.7d)."""


class Verified(Recorded):
    TOPIC = "case.verified"
    satisfactory: bool
    able_to_work: bool
    method: str
    at: datetime
    outcome: ContactOutcome = ContactOutcome.REACHED
    verifier: Verifier = Verifier.CUSTOMER
    overtaken: bool = False
    """Whether the customer said it before later work, or before a word of theirs that is on the record already."""

    def apply(self, case: CaseState) -> None:
        if self.outcome is ContactOutcome.UNREACHABLE:
            case.attempts = (*case.attempts, (self.at, self.method))
        elif self.satisfactory and self.able_to_work:
            case.verified_at = self.at if case.verified_at is None else max(self.at, case.verified_at)
        else:
            case.failed_fixes += 1
            if not self.overtaken:
                case.worked(self.at)

    def settles(self) -> tuple[str, ...]:
        return (ObligationKind.READ_ANSWER,)


class Resolved(Recorded):
    TOPIC = "case.resolved"
    code: ResolutionCode
    workaround: bool
    cause_corrected: CauseCorrected
    resolved_at: datetime
    problem: str | None = None
    solution: Disclosure | None = None
    verifier: Verifier | None = None
    first_contact: bool = False
    """By the desk, never assigned to a team, an incident at all (R-5.5e)."""
    paused: bool | None = None
    """Whether the clock stood still under the wait that this ended (`targets.py`).

    None where the case did not wait. None before 0.5.0 too: there the reopening decided.
    """
    resolve_by: datetime | None = None
    """The target that the end of the wait moved."""

    def apply(self, case: CaseState) -> None:
        case.resolved_from, case.status = case.status, Status.RESOLVED
        case.resolution = Resolution(self.code, self.workaround, self.cause_corrected, self.problem)
        case.resolved_at, case.solution = self.resolved_at, self.solution
        case.resolution_version, case.suspected_at = self.originator_version, None
        case.waited, case.pending = case.pending, None
        if case.waited is not None and self.paused is not None:
            pause = (case.waited.since, self.resolved_at)
            case.pauses = (*case.pauses, pause) if self.paused else case.pauses
            case.waited = None
        case.resolve_by = self.resolve_by or case.resolve_by

    def settles(self) -> tuple[str, ...]:
        return (
            *(ObligationKind.COMMUNICATE, ObligationKind.ANSWER_NOMINATION),
            *(ObligationKind.READ_ANSWER, ObligationKind.ASK_CUSTOMER),
        )


_BY_OTHERS = (ResolutionCode.REFERRED, ResolutionCode.DUPLICATE, ResolutionCode.NOT_RECORDED)
_CAUSED = (ResolutionCode.FIXED, ResolutionCode.WORKAROUND)
_STATED = (CauseCorrected.YES, CauseCorrected.NO, CauseCorrected.UNKNOWN)
NO_INCIDENT = (ResolutionCode.RECLASSIFIED_REQUEST, ResolutionCode.REFERRED, ResolutionCode.DUPLICATE)
"""Codes that leave the incident figures (R-4.2c, R-5.3d)."""


class Resolutions(Assignment, Logging):
    def verify(self, verification: Verification, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record the customer's word. A negative one returns the case to work as a failed fix (R-5.8b).

        One that later work or a later word has overtaken is counted, and takes nothing from that word.
        Raises InvalidTransition, Invalid when it lies in the future.
        """
        self.allow("verify", provenance)
        if verification.at > provenance.at:
            raise Invalid("a verification cannot lie in the future", "/at")
        if verification.method in EVIDENCE:
            raise Invalid(NO_PERSON, "/method")
        verifier = Verifier.OWNER if self.impersonal else Verifier.CUSTOMER
        newer = max(filter(None, (self.received_at, self.last_work_at, self.verified_at)))
        overtaken = not received_after(verification.at, newer)
        self.record(Verified, provenance, **vars(verification), verifier=verifier, overtaken=overtaken, reason=reason)

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
        DiagnosisRequired (R-5.5c), VerificationRequired for an assigned case (R-5.8a), ProblemLinkRequired (R-5.8.1a).
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

        The parent's verification stands for its own, and it needs no priority. Raises InvalidTransition,
        InformationRequired (R-5.2c), ServiceRequired (R-4.1b), DiagnosisRequired (R-5.5c), Invalid (R-4.2a),
        ProblemLinkRequired.
        """
        if self.status in (Status.RESOLVED, Status.CLOSED):
            raise InvalidTransition(f"follow {parent}", self.status)
        if parent not in self.links:
            raise InvalidTransition(f"follow {parent}", "not linked with it")
        self.require_own_way("be resolved")
        self._require_known(resolution)
        self._record_resolved(resolution, solution, Verifier.PARENT, policy, provenance, None)

    def _require_known(self, resolution: Resolution) -> None:
        """Hold a case against what every way to resolve it asks.

        Raises InformationRequired (R-5.2c), ServiceRequired (R-4.1b), DiagnosisRequired (R-5.5c), Invalid (R-4.2a).
        """
        self.require_information()
        if self.service is None and resolution.code is not ResolutionCode.RECLASSIFIED_REQUEST:
            raise ServiceRequired
        if not self.symptomatic:
            raise DiagnosisRequired
        if resolution.code is ResolutionCode.AVERTED and self.nature is not Nature.IMPENDING:
            raise Invalid("only what has not happened is averted (R-4.2a)", "/code")

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
            raise Invalid(f"{resolution.code} is given by another command", "/code")
        if resolution.code in _CAUSED and resolution.cause_corrected not in _STATED:
            raise Invalid(
                "whether the cause was corrected is stated: yes, no or unknown (R-5.8.1a)", "/cause_corrected"
            )
        if resolution.needs_problem and resolution.problem is None:
            raise ProblemLinkRequired
        first_contact = not self.ever_assigned and resolution.code not in NO_INCIDENT and verifier != Verifier.PARENT
        self.record(
            Resolved,
            provenance,
            **vars(resolution),
            resolved_at=provenance.at,
            solution=solution,
            verifier=verifier,
            first_contact=first_contact,
            **end_of_wait(self, policy, provenance.at),
            reason=reason,
        )

    def _verifier(self, policy: Policy) -> Verifier | None:
        """Whose word there is, newer than the last work; nobody's counts after the policy's attempts (R-5.8c)."""
        if self.verified_since_last_work:
            return Verifier.OWNER if self.impersonal else Verifier.CUSTOMER
        made = [each for each in self.attempts if received_after(each[0], self.last_work_at or self.received_at)]
        enough = (
            len(made) >= policy.verification_attempts
            and policy.business.business_days(at for at, _ in made) >= policy.verification_days
            and len({contact_method(method) for _, method in made}) >= policy.verification_methods
        )
        return Verifier.NOBODY if enough else None

    @property
    def verified_since_last_work(self) -> bool:
        """Whether a positive verification stands that is newer than the last work on the case."""
        since = self.last_work_at or self.received_at
        return self.verified_at is not None and received_after(self.verified_at, since)


EVENTS = (Verified, Resolved)
