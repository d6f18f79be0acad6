"""SOP 5.7, 05.2.4: the assigned service team identifies major incidents; desk and monitoring may nominate them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.aggregate import Recorded
from domain.case.clauses.relations import Relations
from domain.case.obligations import role_of
from domain.case.state import CaseState
from domain.case.status import SETTLED
from domain.case.terms import LinkKind, Major
from domain.errors import Forbidden, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Disclosure, Provenance, Role


@dataclass(frozen=True)
class Declaration:
    """Who runs a major incident, and how often it is spoken of (R-5.7c)."""

    owner: str
    communication_every: timedelta
    management: Disclosure


class MajorNominated(Recorded):
    TOPIC = "case.major_nominated"
    due_at: datetime
    team: str | None = None
    role: Role = Role.TEAM_MEMBER
    rests: bool = False
    """Whether the case is resolved: then the answer is owed once it is reopened."""

    def apply(self, case: CaseState) -> None:
        case.major, case.nomination_due = Major.NOMINATED, self.due_at

    def owes(self) -> tuple[Obligation, ...]:
        return () if self.rests else (Obligation(ObligationKind.ANSWER_NOMINATION, self.due_at, self.role, self.team),)


class MajorDeclared(Recorded):
    TOPIC = "case.major_declared"
    owner: str
    communication_every: timedelta
    management: Disclosure
    inform_by: datetime
    communicate_by: datetime
    review_by: datetime
    outage_report: str
    team: str | None = None

    def apply(self, case: CaseState) -> None:
        case.major, case.major_owner = Major.DECLARED, self.owner
        case.communication_every = self.communication_every

    def owes(self) -> tuple[Obligation, ...]:
        return (
            Obligation(ObligationKind.INFORM_MANAGEMENT, self.inform_by, Role.TEAM_MEMBER, self.team),
            Obligation(ObligationKind.COMMUNICATE, self.communicate_by, Role.TEAM_MEMBER, self.team),
            Obligation(ObligationKind.REVIEW_MAJOR, self.review_by, Role.TEAM_MEMBER, self.team),
        )

    def settles(self) -> tuple[str, ...]:
        return (ObligationKind.ANSWER_NOMINATION,)


class MajorRejected(Recorded):
    TOPIC = "case.major_rejected"

    def apply(self, case: CaseState) -> None:
        case.major = Major.REJECTED

    def settles(self) -> tuple[str, ...]:
        return (ObligationKind.ANSWER_NOMINATION,)


class Discharged(Recorded):
    """Something owed was done; of what recurs the next one is owed."""

    TOPIC = "case.discharged"
    obligation: str
    method: str
    at: datetime
    next_due: datetime | None = None
    team: str | None = None
    role: Role = Role.TEAM_MEMBER
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        """What is owed is no state of the case."""

    def settles(self) -> tuple[str, ...]:
        return (self.obligation,)

    def owes(self) -> tuple[Obligation, ...]:
        if self.next_due is None:
            return ()
        return (Obligation(ObligationKind(self.obligation), self.next_due, self.role, self.team),)


@dataclass(frozen=True)
class FanOutRefusal:
    """A linked case that did not follow the resolution: by which rule, and what the rule says."""

    case: str
    rule: str
    detail: str


class FannedOut(Recorded):
    TOPIC = "case.fanned_out"
    cases: tuple[str, ...]
    refused: tuple[FanOutRefusal, ...] = ()
    """Before 0.5.0 a refusal was one of the whole command."""

    def apply(self, case: CaseState) -> None:
        """What became of them is on their own streams."""


class MajorIncidents(Relations):
    def nominate(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Ask the team whether this is a major incident; the answer is owed by a time (R-5.7b).

        The desk owes it while no team has the case; nobody does while it is resolved (`owing`). Raises InvalidTransition, also when it is nominated or declared already.
        """
        self.allow("nominate_major", provenance)
        if self.major in (Major.NOMINATED, Major.DECLARED):
            raise InvalidTransition("be nominated", f"{self.major} already")
        due = provenance.at + policy.nomination_answer
        role, rests = role_of(self.team), self.status in SETTLED
        self.record(MajorNominated, provenance, due_at=due, team=self.team, role=role, rests=rests, reason=reason)

    def declare(
        self,
        declaration: Declaration,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> None:
        """Declare a major incident: an owner, a schedule, management to inform, a review (R-5.7c).

        The duty manager may when the team has not answered a nomination in time, which is a deviation (R-5.7b).
        Raises InvalidTransition, Forbidden.
        """
        self.allow("declare_major", provenance)
        # What 0.4.0 declared and reopened owes no communication: declaring it again starts its schedule again.
        if self.major is Major.DECLARED and ObligationKind.COMMUNICATE in self.obligations:
            raise InvalidTransition("be declared", "declared already")
        late = self._in_the_teams_place(provenance)
        self.record(
            MajorDeclared,
            provenance,
            owner=declaration.owner,
            communication_every=declaration.communication_every,
            management=declaration.management,
            inform_by=provenance.at + policy.inform_management,
            communicate_by=provenance.at + declaration.communication_every,
            review_by=provenance.at + policy.major_review,
            outage_report=policy.outage_report.version,
            team=self.team,
            deviations=("declared_by_duty_manager",) if late else (),
            reason=reason,
        )

    def reject(self, reason: Disclosure, provenance: Provenance) -> None:
        """Answer a nomination with no, and why. Raises InvalidTransition when there is none, Forbidden."""
        self.allow("reject_major", provenance)
        if self.major is not Major.NOMINATED:
            raise InvalidTransition("be rejected", "not nominated")
        late = self._in_the_teams_place(provenance)
        self.record(MajorRejected, provenance, deviations=("rejected_by_duty_manager",) if late else (), reason=reason)

    def discharge(
        self,
        key: str,
        method: str,
        at: datetime,
        provenance: Provenance,
        *,
        words: Disclosure | None = None,
    ) -> None:
        """Say that something owed was done; the next message of a schedule is owed anew. Raises InvalidTransition."""
        self.allow("discharge", provenance)
        owed = self.obligations.get(key)
        if owed is None:
            raise InvalidTransition(f"discharge {key}", "not owing it")
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
        """The cases that follow this one's resolution by a fan-out (R-5.7d)."""
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

    def _in_the_teams_place(self, provenance: Provenance) -> bool:
        """Whether the duty manager acts, who may only when the team is late. Raises Forbidden."""
        if provenance.by.role is not Role.DUTY_MANAGER:
            return False
        owed = self.obligations.get(ObligationKind.ANSWER_NOMINATION)
        due_at = self.nomination_due if owed is None else owed.due_at
        if self.major is not Major.NOMINATED or due_at is None or provenance.at < due_at:
            raise Forbidden("the duty manager answers a nomination only when the team has not in time (R-5.7b)")
        return True


EVENTS = (MajorNominated, MajorDeclared, MajorRejected, Discharged, FannedOut)
