"""SOP 5.7: assignment to a service team, acceptance, and hand-back."""

from __future__ import annotations

from application.cases.candidates import Candidates
from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case


class Assignment:
    """Commands of 5.7 on assignment."""

    def __init__(self, runner: CommandRunner, candidates: Candidates) -> None:
        self._runner, self._candidates = runner, candidates

    async def assign(
        self, number: str, team: str, technician: str | None, diagnosis: str | None, request: Request
    ) -> Committed:
        """Assign to a service team (R-5.7a). Raises DuplicateDecisionRequired, Invalid for an unknown team."""

        async def decide(case: Case, on: Attempt) -> None:
            on.reference.team(team, technician)
            words = on.staff(case, diagnosis=diagnosis)
            case.assign(team, on.provenance, technician=technician, words=words, reason=on.reason(case))
            await self._candidates.require_decision(case, on)

        return await self._runner.on_case("assign", number, request, decide)

    async def accept(self, number: str, request: Request) -> Committed:
        """Accept a case that is assigned to the technician's team."""
        return await self._runner.on_case("accept", number, request, lambda case, on: case.accept(on.provenance))

    async def hand_back(self, number: str, reason: str, request: Request) -> Committed:
        """Return a case to the desk (R-5.7a)."""
        return await self._runner.on_case(
            "hand_back",
            number,
            request,
            lambda case, on: case.hand_back(on.required(case, reason=reason), on.provenance),
        )
