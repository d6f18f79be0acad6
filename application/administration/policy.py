"""SOP 4.1a: the policy, versioned data that the administrator changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from application.administration.catalogue import authorise_office, commit_reference
from application.execution.attempt import Attempt
from application.execution.reference import entry_id
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from domain.errors import NotFound
from domain.policy import Policy
from domain.policy_book import PolicyAdopted, PolicyBook, PolicyChanged
from domain.values import DisclosureKind

POLICY_STREAM = entry_id("policy", "policy")


class PolicyCommands:
    """Reads and changes the policy."""

    def __init__(self, runner: CommandRunner, check_schedules: Callable[[Policy, Attempt], Awaitable[None]]) -> None:
        """``check_schedules`` raises Invalid for scheduled reports that could not be issued."""
        self._runner, self._check_schedules = runner, check_schedules

    async def book(self, version: int | None = None) -> PolicyBook:
        """Return the policy, now or at a version. Raises NotFound before the desk has adopted one."""
        book = await self._runner.repository.find(PolicyBook, POLICY_STREAM, version)
        if book is None or (version is not None and book.version != version):
            raise NotFound("There is no such version of the policy.")
        return book

    async def past(self) -> list[tuple[int, Policy]]:
        """Return every policy with the position since which it is in force, the present one last."""
        events = await self._runner.register.reference_events(0)
        known = [(at, event.policy) for at, event in events if isinstance(event, PolicyAdopted | PolicyChanged)]
        return known or [(0, (await self._runner.references.current()).policy)]

    async def adopt(self, request: Request) -> None:
        """Record version 1 of the policy, once, so that every decision has a recorded policy."""

        async def attempt(on: Attempt) -> Committed:
            book = await self._runner.repository.find(PolicyBook, POLICY_STREAM)
            if book is None:
                book = PolicyBook.open(PolicyAdopted, POLICY_STREAM, on.provenance, policy=on.policy)
            return await commit_reference(self._runner, book, on)

        await self._runner.try_until_committed("the policy", request, attempt)

    async def change(self, change: Callable[[Policy], Policy], reason: str, request: Request) -> Committed:
        """Change the policy from now on. Raises Forbidden, Invalid, StaleVersion."""
        authorise_office(request.actor, "change_policy")

        async def attempt(on: Attempt) -> Committed:
            book = await self.book()
            expect(book, request)
            why = on.say("policy", DisclosureKind.STAFF_WORDS, {"reason": reason})
            changed = change(book.policy)
            if changed.scheduled_reports != book.policy.scheduled_reports:
                await self._check_schedules(changed, on)
            book.change(changed, on.provenance, reason=why)
            return await commit_reference(self._runner, book, on)

        return await self._runner.run("the policy", request, attempt)
