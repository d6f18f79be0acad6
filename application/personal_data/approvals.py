"""Four eyes: one principal requests an erasure or a legal hold, an auditor approves it (audit.md, Personal data).

The requester is an administrator, or the operator at the command line. A hold takes effect in the transaction of its
approval. An erasure waits for `erase`, which needs the eraser's database role.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner, expect
from domain.approval import OPEN, Approval, ApprovalGiven, ApprovalRequested, Measure, approval_id
from domain.case import Case
from domain.case.status import authorise
from domain.errors import Forbidden, NotFound
from domain.values import Actor, Disclosure, DisclosureKind, ErasureScope, Role

COMMANDS = {
    "approve": (Role.AUDITOR,),
    "refuse": (Role.AUDITOR,),
    "withdraw": (Role.ADMIN, Role.SYSTEM),
}
"""Roles that answer or withdraw a request. The table of cases has the requesters (`hold`, `release_hold`, `erase`)."""


def authorise_approval(actor: Actor, command: str) -> None:
    """Check that the actor may decide on a request. Raises Forbidden, which names the role."""
    needed = COMMANDS[command]
    if actor.role not in needed:
        raise Forbidden(f"{command} needs the role {' or '.join(needed)}; you are {actor.role}")


class Approvals:
    """Requests for measures that need two people, and their approvals."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner, self._repository = runner, runner.repository

    async def approval(self, number: str) -> Approval:
        """Return a measure by its number, such as ``hold:INC-0000123``. Raises NotFound."""
        measure, _, target = number.partition(":")
        found = await self.find(Measure(measure), target) if measure in set(Measure) else None
        if found is None:
            raise NotFound(f"There is no request {number}.")
        return found

    async def find(self, measure: Measure, target: str) -> Approval | None:
        """Return a measure on a target, or None if nobody ever requested it."""
        return await self._repository.find(Approval, approval_id(measure, target))

    async def all(self, *, everything: bool = False) -> list[Approval]:
        """Return the measures that wait for approval or execution, most urgent first; or all with ``everything``."""
        now, ids = self._runner.clock.now(), await self._runner.register.approvals()
        if not everything:
            last = await self._runner.register.latest(ids)
            ids = [each.originator_id for each in last if isinstance(each, ApprovalRequested | ApprovalGiven)]
        found = [await self._repository.find(Approval, each) for each in ids]
        kept = [each for each in found if each is not None and (everything or each.standing_at(now) in OPEN)]
        return sorted(kept, key=lambda each: (each.wanted is None or each.wanted.answer_by, each.number))

    async def request_hold(self, number: str, reason: str, request: Request) -> Committed:
        """Ask for a legal hold on a case. Raises Forbidden, NotFound, InvalidTransition."""
        authorise(request.actor, "hold")

        async def check(on: Attempt) -> None:
            (await self._expected(number, request)).require_no_hold(on.provenance)

        return await self.request(Measure.HOLD, number, None, reason, request, check)

    async def request_release(self, number: str, reason: str, request: Request) -> Committed:
        """Ask for the release of a legal hold. Raises Forbidden, NotFound, InvalidTransition."""
        authorise(request.actor, "release_hold")

        async def check(on: Attempt) -> None:
            (await self._expected(number, request)).require_hold(on.provenance)

        return await self.request(Measure.RELEASE_HOLD, number, None, reason, request, check)

    async def approve(self, number: str, request: Request) -> Committed:
        """Approve a request as an auditor. Places or releases a hold at once.

        Raises Forbidden for the requester, or if the requester's grant has ended; NotFound, InvalidTransition.
        """

        async def decide(approval: Approval, on: Attempt) -> list[Case]:
            approval.approve(on.provenance)
            assert approval.wanted is not None
            on.reference.require_grant(approval.wanted.by, on.at)
            return [] if approval.measure is Measure.ERASE else [await self._carry_out(approval, on)]

        return await self._on_approval("approve", number, request, decide)

    async def refuse(self, number: str, reason: str, request: Request) -> Committed:
        """Refuse a request or revoke an unused approval (auditor). Raises Forbidden, NotFound, InvalidTransition."""

        async def decide(approval: Approval, on: Attempt) -> None:
            approval.refuse(await self._reason(approval, reason, on), on.provenance)

        return await self._on_approval("refuse", number, request, decide)

    async def withdraw(self, number: str, request: Request) -> Committed:
        """Withdraw a request. Raises Forbidden, NotFound, InvalidTransition."""

        async def decide(approval: Approval, on: Attempt) -> None:
            approval.withdraw(await self._reason(approval, request.reason, on), on.provenance)

        return await self._on_approval("withdraw", number, request, decide)

    async def request(
        self,
        measure: Measure,
        target: str,
        scope: ErasureScope | None,
        reason: str,
        request: Request,
        check: Callable[[Attempt], Awaitable[None]],
    ) -> Committed:
        """Request a measure if ``check`` passes. Raises what ``check`` raises, and InvalidTransition."""

        async def attempt(on: Attempt) -> Committed:
            await check(on)
            approval = await self.find(measure, target) or Approval.of(measure, target, on.provenance)
            words = await self._reason(approval, reason, on)
            approval.request(scope, on.at + on.policy.approval_answer, words, on.provenance)
            return await self._runner.commit(approval, on)

        return await self._runner.run(f"{measure}:{target}", request, attempt)

    async def _expected(self, number: str, request: Request) -> Case:
        """Return the case at the version that the caller has seen. Raises NotFound, StaleVersion."""
        case = await self._repository.get(Case, number)
        expect(case, request)
        return case

    async def _on_approval(
        self,
        command: str,
        number: str,
        request: Request,
        decide: Callable[[Approval, Attempt], Awaitable[Sequence[Case] | None]],
    ) -> Committed:
        authorise_approval(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            approval = await self.approval(number)
            expect(approval, request)
            return await self._runner.commit(approval, on, await decide(approval, on))

        return await self._runner.run(number, request, attempt)

    async def _carry_out(self, approval: Approval, on: Attempt) -> Case:
        """Place or release the hold in the requester's name."""
        assert approval.wanted is not None
        case, theirs = await self._repository.get(Case, approval.target), on.acted_by(approval.wanted.by).provenance
        reason = on.required(case, reason=reason_of(approval))
        approved_by = approval.use(on.provenance)
        if approval.measure is Measure.HOLD:
            case.place_hold(approved_by, reason, theirs)
        else:
            case.release_hold(approved_by, reason, theirs)
        return case

    async def _reason(self, approval: Approval, reason: str | None, on: Attempt) -> Disclosure | None:
        """Return the reason. About a case it is erased with the customer's words; a reason to erase survives."""
        erasing = approval.measure is Measure.ERASE
        subject = (
            f"erasure:{approval.target}" if erasing else (await self._repository.get(Case, approval.target)).customer
        )
        return on.say(subject, DisclosureKind.STAFF_WORDS, {"reason": reason})


def reason_of(approval: Approval) -> str:
    """Return the reason of the request."""
    wanted = approval.wanted
    return str((wanted and wanted.reason and wanted.reason.text("reason")) or "as it was requested")


def approval_document(approval: Approval, now: datetime | None = None) -> dict[str, Any]:
    """Return a measure as a document: its last request, and its state. ``now`` decides whether it has expired."""
    wanted = approval.wanted
    return {
        "number": approval.number,
        "id": approval.id,
        "version": approval.version,
        "status": approval.standing if now is None else approval.standing_at(now),
        "measure": approval.measure,
        "target": approval.target,
        "requested_by": wanted and wanted.by.subject,
        "requested_at": wanted and wanted.since,
        "answer_by": wanted and wanted.answer_by,
        "scope": wanted and wanted.scope,
        "reason": wanted and wanted.reason and wanted.reason.text("reason"),
        "approved_by": approval.approved_by,
    }
