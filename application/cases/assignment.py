"""SOP 5.7: assignment to a service team, hand-back, waiting, and major incidents."""

from __future__ import annotations

from datetime import datetime, timedelta

from application.cases.relations import Relating
from application.execution.requests import Committed, Request
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.major_incident import Declaration
from domain.case.clauses.notification import ContactAttempt
from domain.case.terms import LinkKind, PendingReason
from domain.errors import Invalid
from domain.obligation import ObligationKind
from domain.values import Provenance, Role


class Teamwork(Relating):
    """Commands of 5.7."""

    def assign(
        self,
        number: str,
        team: str,
        technician: str | None,
        diagnosis: str | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Assign to a service team (R-5.7a). Raises DuplicateDecisionRequired, Invalid for an unknown team."""

        def decide(case: Case, provenance: Provenance) -> None:
            self.references.current().team(team, technician)
            words, why = self._staff(case, diagnosis=diagnosis), self._staff(case, reason=reason)
            case.assign(team, provenance, technician=technician, words=words, reason=why)
            self._require_decision(case)

        return self._act("assign", number, request, decide)

    def accept(self, number: str, request: Request) -> Committed:
        """Take a case of one's team."""
        return self._act("accept", number, request, lambda case, p: case.accept(p))

    def hand_back(self, number: str, reason: str, request: Request) -> Committed:
        """Return a case to the desk (R-5.7a)."""
        return self._act(
            "hand_back", number, request, lambda case, p: case.hand_back(self._said(case, reason=reason), p)
        )

    def pend(
        self,
        number: str,
        waiting_for: PendingReason,
        note: str | None,
        reason: str | None,
        request: Request,
        *,
        question: str | None = None,
    ) -> Committed:
        """Mark a case as waiting; a question is mailed to the customer. Raises Invalid where nobody can be written to."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            words, why = self._staff(case, note=note), self._staff(case, reason=reason)
            asked = self._staff(case, question=question)
            case.pend(waiting_for, provenance, note=words, question=asked, reason=why)
            return [self._ask(case, provenance)] if asked is not None else []

        return self._act("pend", number, request, decide)

    def resume(self, number: str, reason: str | None, request: Request) -> Committed:
        """Take the mark off."""
        return self._act(
            "resume",
            number,
            request,
            lambda case, p: case.resume(self.policy, p, reason=self._staff(case, reason=reason)),
        )

    # major incidents

    def nominate_major(self, number: str, reason: str, request: Request) -> Committed:
        """Ask the team whether this is a major incident (R-5.7b)."""
        return self._act(
            "nominate_major",
            number,
            request,
            lambda case, p: case.nominate(self.policy, p, reason=self._said(case, reason=reason)),
        )

    def declare_major(
        self,
        number: str,
        owner: str,
        every: timedelta,
        management_contact: str,
        cases: tuple[str, ...],
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Declare a major incident and link the cases that are part of it (R-5.7c)."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            management = self._said(case, management_contact=management_contact)
            why = self._staff(case, reason=reason)
            case.declare(Declaration(owner, every, management), self.policy, provenance, reason=why)
            parts = [self._named(part, f"/cases/{place}") for place, part in enumerate(dict.fromkeys(cases))]
            for part in parts:
                if part.number == case.number:
                    raise Invalid("a case is no part of itself", "/cases")
                part.mirror(case.number, LinkKind.PART, provenance)
                case.mirror(part.number, LinkKind.MAJOR, provenance)
            return list(parts)

        return self._act("declare_major", number, request, decide)

    def reject_major(self, number: str, reason: str, request: Request) -> Committed:
        """Answer a nomination with no (R-5.7b)."""
        return self._act(
            "reject_major", number, request, lambda case, p: case.reject(self._said(case, reason=reason), p)
        )

    def discharge(
        self,
        number: str,
        obligation: str,
        method: str,
        at: datetime | None,
        informed: bool,
        note: str | None,
        request: Request,
    ) -> Committed:
        """Say that something owed was done, or that informing the customer was tried (R-5.3c, R-5.7c, R-5.9g)."""

        def decide(case: Case, provenance: Provenance) -> None:
            when, said = at or provenance.at, self._staff(case, note=note)
            known = self.policy.contact_method(method)
            if when > provenance.at:
                raise Invalid("it lies in the future", "/at")
            if provenance.by.role is not Role.CUSTOMER and provenance.at - when > self.policy.backdating_limit:
                raise Invalid(f"it lies more than {self.policy.backdating_limit} in the past", "/at")
            if obligation == ObligationKind.INFORM_CUSTOMER:
                why = self._staff(case, reason=note)
                case.tell_by_other_means(ContactAttempt(known, when, informed), self.policy, provenance, reason=why)
            elif obligation.partition(":")[0] in _BY_COMMAND:
                raise Invalid(f"{obligation} is discharged by its own command", "/obligation")
            else:
                case.discharge(obligation, known, when, provenance, words=said)

        return self._act("discharge", number, request, decide)


_BY_COMMAND = frozenset(
    {
        ObligationKind.ANSWER_CONSULTATION,
        ObligationKind.ANSWER_NOMINATION,
        ObligationKind.DECIDE_DISPUTE,
        ObligationKind.DECIDE_UNINFORMED,
    }
)
