"""SOP 5.6: has it been reported by others? Links are typed, symmetric and undoable; no case is merged away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.aggregate import Recorded
from domain.case.clauses.resolution import Resolved
from domain.case.obligations import owed_again
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import end_of_rest, end_of_wait
from domain.case.terms import MIRRORED, CauseCorrected, Consultation, LinkKind, Resolution, ResolutionCode
from domain.errors import DuplicateDecisionRequired, Invalid, InvalidTransition, NotAssignedTeam
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Candidate, Disclosure, Provenance, Role

DUPLICATE = Resolution(ResolutionCode.DUPLICATE, workaround=False, cause_corrected=CauseCorrected.NOT_APPLICABLE)


class Relation(StrEnum):
    """What a person decides of a candidate (R-5.6b)."""

    DUPLICATE = "duplicate"
    RELATED = "related"
    UNRELATED = "unrelated"


class Linked(Recorded):
    TOPIC = "case.linked"
    case: str
    kind: LinkKind
    technician: str | None = None
    """Who was consulted, when he was asked, and, in the words, what he said (R-5.6b)."""
    asked_at: datetime | None = None
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.links = {**case.links, self.case: self.kind}
        case.unrelated = case.unrelated - {self.case}

    def settles(self) -> tuple[str, ...]:
        return (f"{ObligationKind.ANSWER_CONSULTATION}:{self.case}",)


class Unlinked(Recorded):
    TOPIC = "case.unlinked"
    case: str
    kind: LinkKind
    status: Status
    """Where the case is from here on: a duplicate that is none goes on where it was."""
    owed: tuple[Obligation, ...] = ()
    """What is owed again from here on."""
    settled_since: datetime | None = None
    """Since when the clock of such a duplicate stood still. Before 0.5.0 that pause was lost."""
    resolve_by: datetime | None = None

    def apply(self, case: CaseState) -> None:
        case.links = {number: kind for number, kind in case.links.items() if number != self.case}
        if self.status is not case.status:
            case.status = self.status
            case.resolution = case.resolved_at = case.resolved_from = case.resolution_version = case.waited = None
        if self.settled_since is not None:
            case.pauses = (*case.pauses, (self.settled_since, self.timestamp))
        case.resolve_by = self.resolve_by or case.resolve_by

    def owes(self) -> tuple[Obligation, ...]:
        return self.owed


class FoundUnrelated(Recorded):
    TOPIC = "case.found_unrelated"
    case: str
    technician: str | None = None
    asked_at: datetime | None = None
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.unrelated = case.unrelated | {self.case}

    def settles(self) -> tuple[str, ...]:
        return (f"{ObligationKind.ANSWER_CONSULTATION}:{self.case}",)


class ConsultationRequested(Recorded):
    TOPIC = "case.consultation_requested"
    case: str
    asked_at: datetime
    due_at: datetime
    technician: str | None = None
    team: str | None = None

    def apply(self, case: CaseState) -> None:
        asked = Consultation(self.case, self.technician, self.team, self.asked_at)
        case.consultations = {**case.consultations, self.case: asked}

    def owes(self) -> tuple[Obligation, ...]:
        role = Role.TEAM_MEMBER if self.team else Role.TECHNICIAN
        return (Obligation(ObligationKind.ANSWER_CONSULTATION, self.due_at, role, self.team, self.case),)


class ConsultationAnswered(Recorded):
    TOPIC = "case.consultation_answered"
    case: str
    words: Disclosure

    def apply(self, case: CaseState) -> None:
        if (asked := case.consultations.get(self.case)) is not None:
            answered = replace(asked, answered_by=self.by.subject)
            case.consultations = {**case.consultations, self.case: answered}

    def settles(self) -> tuple[str, ...]:
        return (f"{ObligationKind.ANSWER_CONSULTATION}:{self.case}",)


@dataclass(frozen=True)
class Consulted:
    """Whom the desk asked about the first case, when, and what he answered."""

    technician: str
    asked_at: datetime
    words: Disclosure | None


class Relations(CaseState):
    def undecided(self, candidates: Sequence[Candidate], policy: Policy) -> list[Candidate]:
        """The candidates on which somebody must decide, most alike first."""
        decided = {*self.links, *self.unrelated}
        alike = [c for c in candidates if c.score >= policy.duplicate_threshold and c.case not in decided]
        return sorted(alike, key=lambda candidate: (-candidate.score, candidate.case))

    def require_decision(self, candidates: Sequence[Candidate], policy: Policy) -> None:
        """Raises DuplicateDecisionRequired while a candidate above the threshold awaits one (R-5.6b)."""
        if undecided := self.undecided(candidates, policy):
            raise DuplicateDecisionRequired(undecided)

    def consult(self, first: CaseState, policy: Policy, provenance: Provenance) -> None:
        """Ask whoever works on the first case; the answer is owed by a time (R-5.6b). Raises InvalidTransition."""
        self.allow("consult", provenance)
        self._check_other(first)
        self.record(
            ConsultationRequested,
            provenance,
            case=first.number,
            technician=first.technician,
            team=first.team,
            asked_at=provenance.at,
            due_at=provenance.at + policy.consultation_answer,
        )

    def answer_consultation(self, first: str, words: Disclosure, provenance: Provenance) -> None:
        """Answer it: the technician asked or, in his absence, anybody of the team; the desk where no team has it.

        Raises InvalidTransition when nobody asked, NotAssignedTeam.
        """
        self.allow("answer_consultation", provenance)
        asked = self.consultations.get(first)
        if asked is None or asked.answered_by is not None:
            raise InvalidTransition("answer", f"not asked about {first}")
        if asked.team is not None and asked.team != provenance.by.team:
            raise NotAssignedTeam(f"{first} is with {asked.team}; you act for {provenance.by.team or 'no team'}")
        self.record(ConsultationAnswered, provenance, case=first, words=words)

    def find_unrelated(
        self, other: CaseState, consulted: Consulted | None, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Decide that a candidate is about something else. Raises InvalidTransition, Invalid."""
        self.allow("relate", provenance)
        self._check_other(other)
        self._settle(FoundUnrelated, other, consulted, provenance, reason)

    def relate(
        self, other: CaseState, consulted: Consulted | None, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Link to a case of other customers, or of the same cause: each stays open (R-5.6c).

        The other one keeps the link too: `mirror`. Raises InvalidTransition, Invalid.
        """
        self.allow("relate", provenance)
        self._check_other(other)
        self._settle(Linked, other, consulted, provenance, reason, kind=LinkKind.RELATED)

    def duplicate(
        self,
        first: CaseState,
        consulted: Consulted | None,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> None:
        """Resolve into the first case: same customer, same occurrence (R-5.6c). It has no window of its own.

        Raises InvalidTransition when one of them is settled, or the other is a duplicate itself; Invalid for another
        customer's case, or one received later.
        """
        self.allow("relate", provenance)
        self._check_other(first)
        self.require_own_way("become a duplicate")
        if self.status in (Status.RESOLVED, Status.CLOSED):
            raise InvalidTransition("become a duplicate", self.status)
        if first.status is Status.CLOSED:
            raise InvalidTransition("be the first of duplicates", "closed")
        if first.duplicate_of is not None:
            raise InvalidTransition("be the first of duplicates", f"continued as {first.duplicate_of}")
        if LinkKind.DUPLICATE in self.links.values():
            raise InvalidTransition("become a duplicate", "the first of others")
        if first.customer != self.customer:
            raise Invalid("a duplicate is the same customer's; other customers' cases are related", "/kind")
        if (first.received_at, first.number) > (self.received_at, self.number):
            raise Invalid(f"{first.number} was received later: it is the duplicate of this one", "/case")
        self._settle(Linked, first, consulted, provenance, reason, kind=LinkKind.DUPLICATE_OF)
        self._resolve_into_first(policy, provenance)

    def _resolve_into_first(self, policy: Policy, provenance: Provenance) -> None:
        wait = end_of_wait(self, policy, provenance.at)
        self.record(Resolved, provenance, **vars(DUPLICATE), **wait, resolved_at=provenance.at)

    def mirror(self, other: str, kind: LinkKind, provenance: Provenance) -> None:
        """Keep the other end of a link that was made elsewhere. Raises InvalidTransition where a duplicate's stands."""
        if self.links.get(other) in (LinkKind.DUPLICATE, LinkKind.DUPLICATE_OF):
            raise InvalidTransition("be linked", f"linked with {other} already")
        self.record(Linked, provenance, case=other, kind=MIRRORED[kind])

    def unrelate(
        self, other: str, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> LinkKind:
        """Undo a link; what was resolved as a duplicate goes on where it was. Returns the kind it had.

        Raises InvalidTransition when there is no such link.
        """
        self.allow("unrelate", provenance)
        if (kind := self.links.get(other)) is None:
            raise InvalidTransition("undo a link", f"not linked with {other}")
        resumes = kind is LinkKind.DUPLICATE_OF and self.continued and self.status is Status.RESOLVED
        status = self.resolved_from if resumes and self.resolved_from else self.status
        self._unlink(other, kind, status, policy, provenance, reason)
        return kind

    def unmirror(self, other: str, policy: Policy, provenance: Provenance) -> None:
        """Let go of the other end of a link that was undone elsewhere."""
        if (kind := self.links.get(other)) is not None:
            self._unlink(other, kind, self.status, policy, provenance, None)

    def _unlink(
        self,
        other: str,
        kind: LinkKind,
        status: Status,
        policy: Policy,
        provenance: Provenance,
        reason: Disclosure | None,
    ) -> None:
        owed = owed_again(self, status, policy, provenance.at, undone=other)
        rest = {} if status is self.status else end_of_rest(self, policy, provenance.at)
        self.record(Unlinked, provenance, case=other, kind=kind, status=status, owed=owed, **rest, reason=reason)

    def linked(self, kinds: Collection[LinkKind]) -> list[str]:
        """The numbers of the cases linked in one of these ways."""
        return [number for number, kind in self.links.items() if kind in kinds]

    def _check_other(self, other: CaseState) -> None:
        if other.number == self.number:
            raise Invalid("a case is not related to itself", "/case")
        if other.number in self.links:
            raise InvalidTransition("be linked", f"linked with {other.number} already")

    def _settle(
        self,
        event: type[Recorded],
        other: CaseState,
        consulted: Consulted | None,
        provenance: Provenance,
        reason: Disclosure | None,
        **fields: LinkKind,
    ) -> None:
        """Record the decision with the consultation it rests on; that nobody was asked who could be is a deviation."""
        technician = consulted.technician if consulted else None
        asked_at = consulted.asked_at if consulted else None
        if consulted is None and (asked := self.consultations.get(other.number)) and asked.answered_by:
            technician, asked_at = asked.answered_by, asked.asked_at
        left_out = technician is None and other.team is not None
        self.record(
            event,
            provenance,
            case=other.number,
            technician=technician,
            asked_at=asked_at,
            words=consulted.words if consulted else None,
            deviations=("first_technician_not_consulted",) if left_out else (),
            reason=reason,
            **fields,
        )


EVENTS = (Linked, Unlinked, FoundUnrelated, ConsultationRequested, ConsultationAnswered)
