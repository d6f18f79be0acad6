"""SOP 5.8-5.9: verify, resolve, tell the customer; dispute, reopen, close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.cases.assignment import Teamwork
from application.execution.requests import Committed, Request
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.major_incident import FanOutRefusal
from domain.case.clauses.resolution import Verification
from domain.case.status import SETTLED
from domain.case.terms import Resolution, ResolutionCode
from domain.errors import DomainError, Invalid, InvalidTransition, NoneFollowed, NotFound, ProblemLinkRequired
from domain.problem import Problem
from domain.values import Channel, Disclosure, DisclosureKind, Provenance, Role


class Settling(Teamwork):
    """Commands of 5.8 and 5.9."""

    def verify(self, number: str, verification: Verification, reason: str | None, request: Request) -> Committed:
        """Record what the customer said of the resolution, or that he was not reached (R-5.8a, R-5.8c)."""

        def decide(case: Case, provenance: Provenance) -> None:
            asked = replace(verification, method=self.policy.contact_method(verification.method))
            case.verify(asked, provenance, reason=self._staff(case, reason=reason))

        return self._act("verify", number, request, decide)

    def resolve(
        self, number: str, resolution: Resolution, solution: str, reason: str | None, request: Request
    ) -> Committed:
        """Resolve a case and queue its mail; a Problem Case is opened or joined when the cause remains (R-5.8.1a).

        All of it is one transaction. Raises what `Case.resolve` does, and DuplicateDecisionRequired.
        """

        def decide(case: Case, provenance: Provenance) -> Sequence[Root]:
            words, why = self._said(case, solution=solution), self._staff(case, reason=reason)
            problems, final = self._problem_for(case, resolution, words, provenance)
            case.resolve(final, words, self.policy, provenance, reason=why)
            self._require_decision(case)
            return [*problems, *self._tell(case, provenance)]

        return self._act("resolve", number, request, decide)

    def _problem_for(
        self, case: Case, resolution: Resolution, words: Disclosure, provenance: Provenance
    ) -> tuple[list[Root], Resolution]:
        if resolution.problem is not None:
            return [self._open_problem(resolution.problem, case.number, provenance)], resolution
        if not resolution.needs_problem:
            return [], resolution
        number = self.register.next_problem_number()
        opened = Problem.open_for(
            self._new_id(provenance),
            number,
            case.number,
            case.service,
            words if resolution.workaround else None,
            provenance,
            priority=case.priority,
        )
        return [opened], replace(resolution, problem=number)

    def _open_problem(self, number: str, incident: str, provenance: Provenance) -> Problem:
        try:
            known = self._get(Problem, number)
            known.link(incident, provenance)
        except (NotFound, InvalidTransition) as error:
            raise ProblemLinkRequired(f"{number} is no open problem: {error}") from error
        return known

    def fan_out(self, number: str, cases: tuple[str, ...], reason: str | None, request: Request) -> Committed:
        """Let linked cases follow this one's resolution; every customer is told (R-5.7d). All when none is named.

        A case that fails a check of `resolve` is named with it, and the others go through. Raises NoneFollowed.
        """

        def decide(case: Case, provenance: Provenance) -> Sequence[Root]:
            resolution = case.resolution
            if resolution is None or resolution.code in (ResolutionCode.REFERRED, ResolutionCode.DUPLICATE):
                raise InvalidTransition("fan out", f"{case.status} and without a resolution of its own")
            problem = None if resolution.problem is None else self._get(Problem, resolution.problem)
            changed, followed = list[Root](), list[str]()
            refused = list[tuple[str, DomainError]]()
            for part in self._parts(case, cases):
                try:
                    changed += self._let_follow(part, case, resolution, problem, provenance)
                    followed.append(part.number)
                except DomainError as refusal:
                    refused.append((part.number, refusal))
            if not followed:
                raise NoneFollowed(refused) if refused else Invalid("no linked case is open", "/cases")
            told = tuple(FanOutRefusal(part, refusal.rule, str(refusal)) for part, refusal in refused)
            case.fanned_out(tuple(followed), provenance, refused=told, reason=self._staff(case, reason=reason))
            return [*changed, problem] if problem is not None and problem.pending_events else changed

        return self._act("fan_out", number, request, decide)

    def _parts(self, case: Case, named: tuple[str, ...]) -> list[Case]:
        """The cases to follow: those named, else the linked ones that are open and no other case's duplicates."""
        if named:
            return [self._named(number, f"/cases/{place}") for place, number in enumerate(named)]
        parts = map(self._named, case.parts())
        return [part for part in parts if part.status not in SETTLED and part.goes_with is None]

    def _let_follow(
        self, part: Case, case: Case, resolution: Resolution, problem: Problem | None, provenance: Provenance
    ) -> list[Root]:
        """Resolve a linked case, or record nothing. Two cases linked with this one need no decision on each other."""
        self._require_decision(part, case.links)
        if resolution.needs_problem and problem is not None and not problem.is_open:
            raise ProblemLinkRequired(
                f"{problem.number} is {problem.status}: resolve {part.number} by itself (R-5.8.1a)"
            )
        solution = (case.solution and case.solution.text("solution")) or "as the linked case"
        words = self._said(part, solution=solution)
        part.resolve_with(case.number, resolution, words, self.policy, provenance)
        if problem is not None and problem.is_open:
            problem.link(part.number, provenance)
        return [part, *self._tell(part, provenance)]

    # 5.9

    def dispute(
        self, number: str, reason: str, received_at: datetime | None, channel: Channel | None, request: Request
    ) -> Committed:
        """Take a dispute and reopen the case where it was (R-5.9c); a dispute of a duplicate is one of its first case.

        A customer's own comes by self service and now, whatever he says of that.
        """
        own = request.actor.role is Role.CUSTOMER

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            said = self._customers(case, reason=reason)
            received, by = (None, Channel.SELF_SERVICE) if own else (received_at, channel)
            first = self._disputed(case)
            first.dispute(received or provenance.at, self.policy, provenance, channel=by, reason=said)
            return _beside(case, first)

        return self._act("dispute", number, request, decide)

    def suspect_dispute(
        self, number: str, text: str, received_at: datetime | None, channel: Channel | None, request: Request
    ) -> Committed:
        """Hold the timer for a message whose intent is unclear (R-5.9c)."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            words, when = self._customers(case, text=text), received_at or provenance.at
            first = self._disputed(case)
            first.suspect_dispute(when, words, self.policy, provenance, channel=channel)
            return _beside(case, first)

        return self._act("suspect_dispute", number, request, decide)

    def uphold_dispute(self, number: str, reason: str | None, request: Request) -> Committed:
        """It was a dispute: reopen (R-5.9c)."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            first = self._disputed(case)
            first.uphold_dispute(self.policy, provenance, reason=self._staff(case, reason=reason))
            return _beside(case, first)

        return self._act("uphold_dispute", number, request, decide)

    def dismiss_dispute(self, number: str, reason: str, request: Request) -> Committed:
        """It was none: the window runs on (R-5.9c)."""

        def decide(case: Case, provenance: Provenance) -> list[Root]:
            first = self._disputed(case)
            first.dismiss_dispute(self._said(case, reason=reason), provenance)
            return _beside(case, first)

        return self._act("dismiss_dispute", number, request, decide)

    def reopen(self, number: str, reason: str, request: Request) -> Committed:
        """Reopen a resolved case on the staff's own account."""

        return self._act(
            "reopen", number, request, lambda case, p: case.reopen(self._said(case, reason=reason), self.policy, p)
        )

    def close_case(
        self,
        number: str,
        confirmation: Confirmation | None,
        confirmed_by: str | None,
        reason: str | None,
        request: Request,
    ) -> Committed:
        """Close a resolved case with the customer's word, or the duty manager's reason (R-5.5d, R-5.9g, R-6.2)."""

        def decide(case: Case, provenance: Provenance) -> None:
            by = self._say(case.customer, DisclosureKind.CONTACT, {"confirmed_by": confirmed_by})
            why, said = self._staff(case, reason=reason), confirmation
            if said is not None:
                said = replace(said, method=self.policy.contact_method(said.method, "/confirmation/method"))
            case.close(self.policy, provenance, confirmation=said, words=by, reason=why)

        return self._act("close", number, request, decide)

    def close_elapsed(self, number: str, resolution: int, request: Request) -> Committed:
        """The timer fires (R-5.9d). Raises InvalidTransition when there is nothing to close any more."""

        return self._act("close", number, request, lambda case, p: case.close_elapsed(resolution, self.policy, p))

    def _disputed(self, case: Case) -> Case:
        """The case that a dispute of this one is about: the first one of a duplicate (R-5.6c).

        Raises InvalidTransition, naming it, while it is being worked on.
        """
        first = self._first_of(case)
        if first is not case and first.status not in SETTLED:
            raise InvalidTransition("be disputed", f"continued as {first.number}, which is {first.status},")
        return first

    def _customers(self, case: Case, **words: str) -> Disclosure | None:
        return self._say(case.customer, DisclosureKind.CUSTOMER_WORDS, dict(words))


def _beside(case: Case, first: Case) -> list[Root]:
    """What a command on a case changed beside it."""
    return [] if first is case else [first]
