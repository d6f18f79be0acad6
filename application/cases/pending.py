"""SOP 5.8: the pending mark on a case that waits."""

from __future__ import annotations

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.terms import PendingReason


class Pending:
    """Commands that set and remove the pending mark."""

    def __init__(self, runner: CommandRunner, notices: Notices) -> None:
        self._runner, self._notices = runner, notices

    async def pend(
        self,
        number: str,
        waiting_for: PendingReason,
        note: str | None,
        request: Request,
        *,
        question: str | None = None,
    ) -> Committed:
        """Mark a case as pending, and mail the question to the customer. Raises Invalid if they have no address."""

        async def decide(case: Case, on: Attempt) -> list[Root]:
            words, asked = on.staff(case, note=note), on.staff(case, question=question)
            case.pend(waiting_for, on.provenance, note=words, question=asked, reason=on.reason(case))
            return [await self._notices.ask(case, on)] if asked is not None else []

        return await self._runner.on_case("pend", number, request, decide)

    async def resume(self, number: str, request: Request) -> Committed:
        """Remove the mark."""
        return await self._runner.on_case(
            "resume", number, request, lambda case, on: case.resume(on.policy, on.provenance, reason=on.reason(case))
        )
