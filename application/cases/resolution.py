"""SOP 5.8: verify with the customer, resolve, and open a Problem Case when the cause remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from application.cases.candidates import Candidates
from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.resolution import Verification
from domain.case.terms import Resolution as Outcome
from domain.errors import InvalidTransition, NotFound, ProblemLinkRequired
from domain.problem import Problem
from domain.values import Disclosure


class Resolution:
    """Commands of 5.8."""

    def __init__(self, runner: CommandRunner, candidates: Candidates, notices: Notices) -> None:
        self._runner, self._candidates, self._notices = runner, candidates, notices

    async def verify(self, number: str, verification: Verification, request: Request) -> Committed:
        """Record the customer's verification, or a failed attempt to reach them (R-5.8a, R-5.8c)."""

        def decide(case: Case, on: Attempt) -> None:
            asked = replace(verification, method=on.policy.contact_method(verification.method))
            case.verify(asked, on.provenance, reason=on.reason(case))

        return await self._runner.on_case("verify", number, request, decide)

    async def resolve(self, number: str, outcome: Outcome, solution: str, request: Request) -> Committed:
        """Resolve a case and queue its mail; open or join a Problem Case when the cause remains (R-5.8.1a).

        All in one transaction. Raises what `Case.resolve` raises, and DuplicateDecisionRequired.
        """

        async def decide(case: Case, on: Attempt) -> Sequence[Root]:
            words = on.required(case, solution=solution)
            problems, final = await self._problem_for(case, outcome, words, on)
            case.resolve(final, words, on.policy, on.provenance, reason=on.reason(case))
            await self._candidates.require_decision(case, on)
            return [*problems, *await self._notices.tell(case, on)]

        return await self._runner.on_case("resolve", number, request, decide)

    async def _problem_for(
        self, case: Case, outcome: Outcome, words: Disclosure, on: Attempt
    ) -> tuple[list[Problem], Outcome]:
        if outcome.problem is not None:
            return [await self._joined_problem(outcome.problem, case.number, on)], outcome
        if not outcome.needs_problem:
            return [], outcome
        number = await self._runner.register.next_problem_number()
        opened = Problem.open_for(
            on.new_id(),
            number,
            case.number,
            case.service,
            words if outcome.workaround else None,
            on.provenance,
            priority=case.priority,
        )
        return [opened], replace(outcome, problem=number)

    async def _joined_problem(self, number: str, incident: str, on: Attempt) -> Problem:
        try:
            known = await self._runner.repository.get(Problem, number)
            known.link(incident, on.provenance)
        except (NotFound, InvalidTransition) as error:
            raise ProblemLinkRequired(f"{number} is not an open problem: {error}") from error
        return known
