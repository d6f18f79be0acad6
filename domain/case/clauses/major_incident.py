"""SOP 5.7, 05.2.4: the assigned team identifies major incidents; the desk and monitoring may nominate them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.aggregate import Recorded
from domain.case.obligations import role_of
from domain.case.state import CaseState
from domain.case.status import SETTLED
from domain.case.terms import LinkKind, Major
from domain.errors import Forbidden, InvalidTransition
from domain.obligation import TO_CUSTOMERS, Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Disclosure, Provenance, Role


@dataclass(frozen=True)
class Declaration:
    """The owner of a major incident, its communication schedule, and the management to inform (R-5.7c)."""

    owner: str
    communication_every: timedelta
    management: Disclosure


@dataclass(frozen=True)
class FanOutRefusal:
    """A linked case that did not follow the resolution: the rule's name, and its text."""

    case: str
    rule: str
    detail: str


class MajorNominated(Recorded):
    """The case may be a major incident. Whoever holds it owes the answer."""

    TOPIC = "case.major_nominated"
    due_at: datetime
    team: str | None = None
    role: Role = Role.TEAM_MEMBER
    rests: bool = False
    """Whether the case is resolved. Then the answer is owed once it is reopened."""

    def _fold(self, case: CaseState) -> None:
        case.major, case.nomination_due = Major.NOMINATED, self.due_at

    def owes(self) -> tuple[Obligation, ...]:
        """The answer, unless the case is resolved."""
        return () if self.rests else (Obligation(ObligationKind.ANSWER_NOMINATION, self.due_at, self.role, self.team),)


class MajorDeclared(Recorded):
    """The case is a major incident (R-5.7c)."""

    TOPIC = "case.major_declared"
    SETTLES = (ObligationKind.ANSWER_NOMINATION,)
    owner: str
    communication_every: timedelta
    management: Disclosure
    inform_by: datetime
    communicate_by: datetime
    review_by: datetime
    outage_report: str
    team: str | None = None

    def _fold(self, case: CaseState) -> None:
        case.major, case.major_owner = Major.DECLARED, self.owner
        case.communication_every = self.communication_every

    def owes(self) -> tuple[Obligation, ...]:
        """The team owes management the news, the customers a message, and the desk a review."""
        return (
            Obligation(ObligationKind.INFORM_MANAGEMENT, self.inform_by, Role.TEAM_MEMBER, self.team),
            Obligation(ObligationKind.COMMUNICATE, self.communicate_by, Role.TEAM_MEMBER, self.team),
            Obligation(ObligationKind.REVIEW_MAJOR, self.review_by, Role.TEAM_MEMBER, self.team),
        )


class MajorRejected(Recorded):
    """The nomination was answered with no."""

    TOPIC = "case.major_rejected"
    SETTLES = (ObligationKind.ANSWER_NOMINATION,)

    def _fold(self, case: CaseState) -> None:
        case.major = Major.REJECTED


class Discharged(Recorded):
    """Somebody discharged an obligation. A recurring one is owed anew."""

    TOPIC = "case.discharged"
    obligation: str
    method: str
    at: datetime
    next_due: datetime | None = None
    team: str | None = None
    role: Role = Role.TEAM_MEMBER
    words: Disclosure | None = None

    def _fold(self, case: CaseState) -> None:
        if self.obligation in TO_CUSTOMERS:
            case.contacted(self.at)

    def settles(self) -> tuple[str, ...]:
        """End the obligation it names."""
        return (self.obligation,)

    def owes(self) -> tuple[Obligation, ...]:
        """The next message of a schedule."""
        if self.next_due is None:
            return ()
        return (Obligation(ObligationKind(self.obligation), self.next_due, self.role, self.team),)


class FannedOut(Recorded):
    """Linked cases followed this one's resolution. Each records it on its own stream."""

    TOPIC = "case.fanned_out"
    cases: tuple[str, ...]
    refused: tuple[FanOutRefusal, ...] = ()
    """Before 0.5.0 one refusal refused the whole command."""


def record_nomination(
    case: CaseState, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
) -> None:
    """Nominate a case. The caller has checked that it may be nominated."""
    due = provenance.at + policy.nomination_answer
    role, rests = role_of(case.team), case.status in SETTLED
    case.record(MajorNominated, provenance, due_at=due, team=case.team, role=role, rests=rests, reason=reason)


class MajorIncidents(CaseState):
    """The major incident process, from nomination to review."""

    def nominate(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Ask whoever holds the case whether it is a major incident; they owe an answer (R-5.7b).

        Raises InvalidTransition, also where it is nominated or declared already.
        """
        self.allow("nominate_major", provenance)
        if self.major in (Major.NOMINATED, Major.DECLARED):
            raise InvalidTransition(f"This case is {self.major} already.")
        record_nomination(self, policy, provenance, reason=reason)

    def declare(
        self, declaration: Declaration, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Declare a major incident: an owner, a schedule, management to inform, a review (R-5.7c).

        The duty manager may once the team has not answered a nomination in time; that is a deviation (R-5.7b).
        Raises InvalidTransition, Forbidden.
        """
        self.allow("declare_major", provenance)
        # What 0.4.0 declared and reopened owes no communication: declaring it again starts its schedule again.
        if self.major is Major.DECLARED and ObligationKind.COMMUNICATE in self.obligations:
            raise InvalidTransition("This case is declared already.")
        late = self._stands_in(provenance)
        self.record(
            MajorDeclared,
            provenance,
            **vars(declaration),
            inform_by=provenance.at + policy.inform_management,
            communicate_by=provenance.at + declaration.communication_every,
            review_by=provenance.at + policy.major_review,
            outage_report=policy.outage_report.version,
            team=self.team,
            deviations=("declared_by_duty_manager",) if late else (),
            reason=reason,
        )

    def reject(self, reason: Disclosure, provenance: Provenance) -> None:
        """Answer a nomination with no, and why. Raises InvalidTransition where there is none, Forbidden."""
        self.allow("reject_major", provenance)
        if self.major is not Major.NOMINATED:
            raise InvalidTransition("This case is not nominated.")
        late = self._stands_in(provenance)
        self.record(MajorRejected, provenance, deviations=("rejected_by_duty_manager",) if late else (), reason=reason)

    def discharge(
        self, key: str, method: str, at: datetime, provenance: Provenance, *, words: Disclosure | None = None
    ) -> None:
        """Discharge an obligation of the case. The next message of a schedule is owed anew. Raises InvalidTransition."""
        self.allow("discharge", provenance)
        owed = self.obligations.get(key)
        if owed is None:
            raise InvalidTransition(f"This case has no obligation {key}.")
        every = self.communication_every if owed.kind is ObligationKind.COMMUNICATE else None
        self.record(
            Discharged,
            provenance,
            obligation=key,
            method=method,
            at=at,
            next_due=provenance.at + every if every and self.status not in SETTLED else None,
            team=owed.team,
            role=owed.role,
            words=words,
        )

    def parts(self) -> list[str]:
        """Numbers of the cases that a fan-out resolves with this one (R-5.7d)."""
        return self.linked((LinkKind.PART, LinkKind.RELATED))

    def fanned_out(
        self,
        cases: tuple[str, ...],
        provenance: Provenance,
        *,
        refused: tuple[FanOutRefusal, ...] = (),
        reason: Disclosure | None = None,
    ) -> None:
        """Record which cases followed this one's resolution, and which could not (R-5.7d). Raises InvalidTransition."""
        self.allow("fan_out", provenance)
        self.record(FannedOut, provenance, cases=cases, refused=refused, reason=reason)

    def _stands_in(self, provenance: Provenance) -> bool:
        """Whether the duty manager acts for a team that is late. Raises Forbidden where it is not."""
        if provenance.by.role is not Role.DUTY_MANAGER:
            return False
        owed = self.obligations.get(ObligationKind.ANSWER_NOMINATION)
        due_at = self.nomination_due if owed is None else owed.due_at
        if self.major is not Major.NOMINATED or due_at is None or provenance.at < due_at:
            raise Forbidden("The duty manager answers a nomination only when the team is late (R-5.7b).")
        return True


EVENTS = (MajorNominated, MajorDeclared, MajorRejected, Discharged, FannedOut)
