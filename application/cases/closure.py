"""SOP 5.9: a resolved case closes by its timer, by the customer's confirmation, or by the duty manager."""

from __future__ import annotations

from dataclasses import replace

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.clauses.closure import Confirmation


class Closure:
    """Commands of 5.9 that close a case."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def close(
        self, number: str, confirmation: Confirmation | None, confirmed_by: str | None, request: Request
    ) -> Committed:
        """Close a resolved case by the customer's confirmation or the duty manager's reason (R-5.5d, R-5.9g, R-6.2)."""

        def decide(case: Case, on: Attempt) -> None:
            said = confirmation
            if said is not None:
                said = replace(said, method=on.policy.contact_method(said.method, "/confirmation/method"))
            by = on.contact(case, confirmed_by=confirmed_by)
            case.close(on.policy, on.provenance, confirmation=said, words=by, reason=on.reason(case))

        return await self._runner.on_case("close", number, request, decide)

    async def close_elapsed(self, number: str, resolution: int, request: Request) -> Committed:
        """Close a case after its dispute window (R-5.9d). Raises InvalidTransition if nothing is left to close."""
        return await self._runner.on_case(
            "close", number, request, lambda case, on: case.close_elapsed(resolution, on.policy, on.provenance)
        )
