"""SOP 5.6: has it been reported by others? Links are typed, symmetric and undoable; no case is merged away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.aggregate import Recorded
from domain.case.obligations import owed_again, role_of
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import end_of_rest
from domain.case.terms import MIRRORED, Consultation, LinkKind
from domain.errors import ContradictsRecord, DuplicateDecisionRequired, InvalidTransition, NotAssignedTeam
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Candidate, Disclosure, Provenance


class Relation(StrEnum):
    """A person's decision on a candidate (R-5.6b)."""

    DUPLICATE = "duplicate"
    RELATED = "related"
    UNRELATED = "unrelated"


@dataclass(frozen=True)
class Consulted:
    """The technician consulted about the first case, when, and their answer."""

    technician: str
    asked_at: datetime
    words: Disclosure | None


class _Decided(Recorded):
    """An event that names another case, and ends the question about it."""

    case: str

    def settles(self) -> tuple[str, ...]:
        """End the question about the other case."""
        return (f"{ObligationKind.ANSWER_CONSULTATION}:{self.case}",)


class Linked(_Decided):
    """The case is linked with another."""

    TOPIC = "case.linked"
    kind: LinkKind
    technician: str | None = None
    """Who was consulted, and when. The words are their answer (R-5.6b)."""
    asked_at: datetime | None = None
    words: Disclosure | None = None

    def _fold(self, case: CaseState) -> None:
        case.links = {**case.links, self.case: self.kind}
        case.unrelated = case.unrelated - {self.case}


class Unlinked(Recorded):
    """A link was undone."""

    TOPIC = "case.unlinked"
    case: str
    kind: LinkKind
    status: Status
    """The status from here on. A case that is no duplicate after all goes on where it was."""
    owed: tuple[Obligation, ...] = ()
    """Obligations that stand again."""
    settled_since: datetime | None = None
    """Start of the pause of such a case, which ends here. Before 0.5.0 that pause was lost."""
    resolve_by: datetime | None = None
    resolve_warning_at: datetime | None = None

    def _fold(self, case: CaseState) -> None:
        case.links = {number: kind for number, kind in case.links.items() if number != self.case}
        if self.status is not case.status:
            case.status = self.status
            case.resolution = case.resolved_at = case.resolved_from = case.resolution_version = case.waited = None
        case.paused(self.settled_since, self.timestamp, self.resolve_by, self.resolve_warning_at)


class FoundUnrelated(_Decided):
    """A candidate is about something else."""

    TOPIC = "case.found_unrelated"
    technician: str | None = None
    asked_at: datetime | None = None
    words: Disclosure | None = None

    def _fold(self, case: CaseState) -> None:
        case.unrelated = case.unrelated | {self.case}


class ConsultationRequested(Recorded):
    """The desk asked those who work on the first case."""

    TOPIC = "case.consultation_requested"
    case: str
    asked_at: datetime
    due_at: datetime
    technician: str | None = None
    team: str | None = None

    def _fold(self, case: CaseState) -> None:
        asked = Consultation(self.case, self.technician, self.team, self.asked_at)
        case.consultations = {**case.consultations, self.case: asked}

    def owes(self) -> tuple[Obligation, ...]:
        """The team of the first case owes the answer; the desk does where no team has it."""
        kind = ObligationKind.ANSWER_CONSULTATION
        return (Obligation(kind, self.due_at, role_of(self.team or None), self.team, self.case),)


class ConsultationAnswered(_Decided):
    """They answered."""

    TOPIC = "case.consultation_answered"
    words: Disclosure

    def _fold(self, case: CaseState) -> None:
        if (asked := case.consultations.get(self.case)) is not None:
            answered = replace(asked, answered_by=self.by.subject)
            case.consultations = {**case.consultations, self.case: answered}


def check_other(case: CaseState, other: CaseState) -> None:
    """Refuse a link of a case with itself, or with one it is linked with. Raises Invalid, InvalidTransition."""
    if other.number == case.number:
        raise ContradictsRecord("A case is not related to itself.", "/case")
    if other.number in case.links:
        raise InvalidTransition(f"This case is linked with {other.number} already.")


def record_decision(
    event: type[Recorded],
    case: CaseState,
    other: CaseState,
    consulted: Consulted | None,
    provenance: Provenance,
    *,
    reason: Disclosure | None,
    **fields: LinkKind,
) -> None:
    """Record a decision with the consultation it rests on. Not asking the first technician is a deviation."""
    technician = consulted.technician if consulted else None
    asked_at = consulted.asked_at if consulted else None
    if consulted is None and (asked := case.consultations.get(other.number)) and asked.answered_by:
        technician, asked_at = asked.answered_by, asked.asked_at
    left_out = technician is None and other.team is not None
    case.record(
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


class Relations(CaseState):
    """Links with other cases, and the consultations before them."""

    def undecided(self, candidates: Sequence[Candidate], policy: Policy) -> list[Candidate]:
        """The candidates that need a person's decision, the most alike first."""
        decided = {*self.links, *self.unrelated}
        alike = [c for c in candidates if c.score >= policy.duplicate_threshold and c.case not in decided]
        return sorted(alike, key=lambda candidate: (-candidate.score, candidate.case))

    def require_decision(self, candidates: Sequence[Candidate], policy: Policy) -> None:
        """Refuse to go on while a candidate needs a decision (R-5.6b). Raises DuplicateDecisionRequired."""
        if undecided := self.undecided(candidates, policy):
            raise DuplicateDecisionRequired(undecided)

    def consult(self, first: CaseState, policy: Policy, provenance: Provenance) -> None:
        """Ask those who work on the first case; they owe an answer (R-5.6b). Raises InvalidTransition."""
        self.allow("consult", provenance)
        check_other(self, first)
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
        """Answer a consultation: anybody of the team may, or the desk where no team has the first case.

        Raises InvalidTransition where nobody asked, and NotAssignedTeam.
        """
        self.allow("answer_consultation", provenance)
        asked = self.consultations.get(first)
        if asked is None or asked.answered_by is not None:
            raise InvalidTransition(f"Nobody asked about {first}.")
        if asked.team is not None and asked.team != provenance.by.team:
            raise NotAssignedTeam(f"{first} is with {asked.team}; you act for {provenance.by.team or 'no team'}.")
        self.record(ConsultationAnswered, provenance, case=first, words=words)

    def find_unrelated(
        self, other: CaseState, consulted: Consulted | None, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Decide that a candidate is about something else. Raises InvalidTransition, Invalid."""
        self.allow("relate", provenance)
        check_other(self, other)
        record_decision(FoundUnrelated, self, other, consulted, provenance, reason=reason)

    def relate(
        self, other: CaseState, consulted: Consulted | None, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Link with a case of another customer or of the same cause; both stay open (R-5.6c).

        ``mirror`` keeps the link on the other case. Raises InvalidTransition, Invalid.
        """
        self.allow("relate", provenance)
        check_other(self, other)
        record_decision(Linked, self, other, consulted, provenance, reason=reason, kind=LinkKind.RELATED)

    def mirror(self, other: str, kind: LinkKind, provenance: Provenance) -> None:
        """Keep the other end of a link. Raises InvalidTransition where the two are linked as duplicates."""
        if self.links.get(other) in (LinkKind.DUPLICATE, LinkKind.DUPLICATE_OF):
            raise InvalidTransition(f"This case is linked with {other} already.")
        self.record(Linked, provenance, case=other, kind=MIRRORED[kind])

    def unrelate(
        self, other: str, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> LinkKind:
        """Undo a link and return its kind. A case resolved as a duplicate goes on where it was.

        Raises InvalidTransition where there is no such link.
        """
        self.allow("unrelate", provenance)
        if (kind := self.links.get(other)) is None:
            raise InvalidTransition(f"This case is not linked with {other}.")
        resumes = kind is LinkKind.DUPLICATE_OF and self.continued and self.status is Status.RESOLVED
        status = self.resolved_from if resumes and self.resolved_from else self.status
        self._unlink(other, kind, status, policy, provenance, reason)
        return kind

    def unmirror(self, other: str, policy: Policy, provenance: Provenance) -> None:
        """Remove the other end of a link that was undone."""
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


EVENTS = (Linked, Unlinked, FoundUnrelated, ConsultationRequested, ConsultationAnswered)
