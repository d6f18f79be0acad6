"""The one way a command runs: admission, idempotency, expected version, policy in force, one transaction.

HTTP, the command line and our own processes obey the same table of roles and the same grants (R-6a, R-7.1).
A command returns after its commit, never before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any

from eventsourcing.persistence import IntegrityError

from application.execution.attempt import Attempt
from application.execution.duplicates import take_along
from application.execution.idempotency import Keys
from application.execution.reference import References
from application.execution.repository import Repository
from application.execution.requests import Committed, Request, StaleVersion
from application.execution.turns import Turns
from application.ports import Answered, Beside, Erasure, EventStore, MailUnread, ReferenceMoved, Register
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.closure import Closed
from domain.case.status import authorise, authorise_team
from domain.clock import Clock
from domain.errors import DomainError, InvalidTransition

Changed = Sequence[Root] | None
"""Other aggregates that a decision changed."""
Decision = Callable[[Case, Attempt], Changed | Awaitable[Changed]]
"""Decides on a case. A coroutine if it must first load other aggregates."""


class CommandRunner:
    """Runs every command. Clock and randomness are arguments."""

    def __init__(
        self,
        store: EventStore,
        register: Register,
        references: References,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self.store, self.register, self.references = store, register, references
        self.clock, self.random = clock, random
        self.repository = Repository(store, register)
        self.turns = Turns()
        self._keys = Keys(store, register)

    async def on_case(self, command: str, number: str, request: Request, decide: Decision) -> Committed:
        """Run a command on a case: load it, check the role, decide, and commit it with the other changed aggregates.

        Raises Forbidden, NotFound, StaleVersion, Busy, and what the decision raises.
        """
        authorise(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            case = await self.repository.read(number, request.actor)
            expect(case, request)
            authorise_team(request.actor, command, case.team)
            on = on.not_before(case.modified_on)
            others = decide(case, on)
            return await self.commit(case, on, await others if isawaitable(others) else others)

        return await self.run(number, request, attempt)

    async def run(
        self,
        name: str,
        request: Request,
        attempt: Callable[[Attempt], Awaitable[Committed]],
        *,
        fresh: bool = False,
    ) -> Committed:
        """Run a command once under its idempotency key. Commands on the stream ``name`` take turns."""
        return await self._keys.once(request, lambda: self.try_until_committed(name, request, attempt), fresh=fresh)

    async def try_until_committed(
        self, name: str, request: Request, attempt: Callable[[Attempt], Awaitable[Committed]]
    ) -> Committed:
        """Retry until no other command interferes and the reference data is current. Raises Busy when time is up."""
        async with self.turns.on(name) as turn:
            while True:
                reference = await self.references.current()
                now = self.clock.now()
                try:
                    if request.key is not None:
                        reference.require_key(request.actor.subject, request.key)
                    else:
                        reference.require_grant(request.actor, now)
                    return await attempt(Attempt(request, reference, now, self.clock.simulated, self.random))
                except IntegrityError:
                    await turn.take()  # another command committed first: load, check and decide again, in turn
                except ReferenceMoved:
                    await self.references.refresh()
                    turn.check()
                except DomainError:
                    if await self.references.newer_than(reference) is None:
                        raise  # the refusal did not come from old reference data
                    turn.check()

    async def commit(
        self,
        root: Root,
        on: Attempt,
        others: Changed = None,
        *,
        erasing: Erasure | None = None,
        read: Sequence[Root] = (),
    ) -> Committed:
        """Commit a decision with the duplicates that follow it (R-5.6c), all or nothing.

        ``read`` are aggregates that it was decided on and does not change. One that has changed since refuses it.
        """
        changed = [*(others or ()), root]
        changed[:-1] += await take_along(changed, self.repository.named, on)
        key = on.request.idempotency
        try:
            position = await self.store.append(
                changed,
                Beside(
                    Answered(key.key, key.request, key.status, root.id, root.version) if key else None,
                    [(each.number, each.id) for each in changed if each.is_new and each.NUMBERED],
                    on.reference.position,
                    erasing,
                    [each.number for each in changed if _closes(each)],
                    [(each.id, each.version) for each in read],
                ),
            )
        except MailUnread as error:
            raise InvalidTransition("This case waits for a mail to be read (GET /quarantine).") from error
        return Committed(root, await self.position_of(root) if position is None else position)

    async def position_of(self, root: Root) -> int:
        """Return the position of an aggregate's last event."""
        return (await self.store.history(root.id, after=root.version - 1))[-1].position

    async def answered(self, request: Request) -> bool:
        """Whether this idempotency key has an answer already. The request's preconditions then no longer matter."""
        return request.idempotency is not None and await self.register.answer(request.idempotency.key) is not None


def expect(root: Root, request: Request) -> None:
    """Check the caller's expected version. Raises StaleVersion."""
    if request.expected is not None and root.version != request.expected:
        raise StaleVersion(root.number, request.expected, root.version)


def _closes(root: Any) -> bool:
    """Whether the uncommitted events close a case."""
    return any(isinstance(event, Closed) for event in root.pending_events)
