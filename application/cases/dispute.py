"""SOP 5.9: a customer may dispute the resolution for 3 days. A dispute reopens the case where it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.status import SETTLED
from domain.errors import InvalidTransition
from domain.values import Channel, Role


class Disputes:
    """Commands of 5.9 on disputes. Disputing a duplicate disputes its first case (R-5.6c)."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def dispute(
        self, number: str, reason: str, received_at: datetime | None, channel: Channel | None, request: Request
    ) -> Committed:
        """Accept a dispute and reopen the case where it was (R-5.9c).

        A customer's own dispute always counts as received now, by self service.
        """
        own = request.actor.role is Role.CUSTOMER

        def decide(case: Case, first: Case, on: Attempt) -> None:
            received, by = (None, Channel.SELF_SERVICE) if own else (received_at, channel)
            said = on.customer(case, reason=reason)
            first.dispute(received or on.at, on.policy, on.provenance, channel=by, reason=said)

        return await self._on_first("dispute", number, request, decide)

    async def suspect(
        self, number: str, text: str, received_at: datetime | None, channel: Channel | None, request: Request
    ) -> Committed:
        """Stop the timer for a message that may be a dispute (R-5.9c)."""

        def decide(case: Case, first: Case, on: Attempt) -> None:
            said = on.customer(case, text=text)
            first.suspect_dispute(received_at or on.at, said, on.policy, on.provenance, channel=channel)

        return await self._on_first("suspect_dispute", number, request, decide)

    async def uphold(self, number: str, request: Request) -> Committed:
        """Decide that the message is a dispute, and reopen the case (R-5.9c)."""

        def decide(case: Case, first: Case, on: Attempt) -> None:
            first.uphold_dispute(on.policy, on.provenance, reason=on.reason(case))

        return await self._on_first("uphold_dispute", number, request, decide)

    async def dismiss(self, number: str, reason: str, request: Request) -> Committed:
        """Decide that the message is no dispute. The window runs on (R-5.9c)."""

        def decide(case: Case, first: Case, on: Attempt) -> None:
            first.dismiss_dispute(on.required(case, reason=reason), on.provenance)

        return await self._on_first("dismiss_dispute", number, request, decide)

    async def reopen(self, number: str, reason: str, request: Request) -> Committed:
        """Reopen a resolved case by decision of staff."""

        def decide(case: Case, on: Attempt) -> None:
            case.reopen(on.required(case, reason=reason), on.policy, on.provenance)

        return await self._runner.on_case("reopen", number, request, decide)

    async def _on_first(
        self, command: str, number: str, request: Request, decide: Callable[[Case, Case, Attempt], None]
    ) -> Committed:
        """Run a command on the first case that a dispute concerns. Raises InvalidTransition while it is open."""

        async def on_both(case: Case, on: Attempt) -> list[Case]:
            first = await self._runner.repository.first_of(case)
            if first is not case and first.status not in SETTLED:
                raise InvalidTransition(f"This case is continued as {first.number}, which is {first.status}.")
            decide(case, first, on)
            return [] if first is case else [first]

        return await self._runner.on_case(command, number, request, on_both)
