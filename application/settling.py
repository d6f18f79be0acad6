"""SOP 5.8-5.9: verify, resolve, tell the customer; dispute, reopen, close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.requests import Committed, Request
from application.teamwork import Teamwork
from domain.aggregate import Root
from domain.case import Case
from domain.case.closure import Confirmation
from domain.case.resolution import Verification
from domain.case.state import Resolution, ResolutionCode
from domain.case.status import SETTLED, Status
from domain.errors import Invalid, InvalidTransition, NotFound, ProblemLinkRequired
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
        """Let linked cases follow this one's resolution; every customer is told (R-5.7d). All when none is named."""

        def decide(case: Case, provenance: Provenance) -> Sequence[Root]:
            resolution, solution = case.resolution, case.solution
            if resolution is None or resolution.code in (ResolutionCode.REFERRED, ResolutionCode.DUPLICATE):
                raise InvalidTransition("fan out", f"{case.status} and without a resolution of its own")
            changed: list[Root] = []
            problem = None
            for place, part in enumerate(cases or case.parts()):
                other = self._named(part, f"/cases/{place}")
                if not cases and other.status in (Status.RESOLVED, Status.CLOSED):
                    continue
                words = self._said(other, solution=(solution and solution.text("solution")) or "as the linked case")
                other.resolve_with(case.number, resolution, words, self.policy, provenance)
                if resolution.problem is not None:
                    problem = problem or self._get(Problem, resolution.problem)
                    if problem.is_open:
                        problem.link(other.number, provenance)
                changed += [other, *self._tell(other, provenance)]
            if not changed:
                raise Invalid("no linked case is open", "/cases")
            case.fanned_out(tuple(r.number for r in changed if isinstance(r, Case)), provenance)
            return [*changed, problem] if problem is not None and problem.pending_events else changed

        return self._act("fan_out", number, request, decide)

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
