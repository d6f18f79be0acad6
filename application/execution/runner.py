"""How every command is carried out: who may give it, once, on which version, under which policy, in one transaction.

Every caller is held to the same table of roles and the same grants (R-6a, R-7.1): HTTP, the command line, our own
processes. A command returns after its commit, never before.
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
"""What a decision changed beside the aggregate it is on."""
Decision = Callable[[Case, Attempt], Changed | Awaitable[Changed]]
"""Decides on a case. It is a coroutine where it must load other aggregates first."""


class CommandRunner:
    """Carries out every command. Time and chance are given to it."""

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
        """Carry out a command on a case: read it, check who may, decide, commit with whatever else was changed.

        Raises Forbidden, NotFound, StaleVersion, Busy, and what the decision raises.
        """
        authorise(request.actor, command)

        async def attempt(on: Attempt) -> Committed:
            case = await self.repository.read(number, request.actor)
            expect(case, request)
            authorise_team(request.actor, command, case.team)
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
        """Carry out a command once under its idempotency key. ``name`` is the stream whose commands take turns."""
        return await self._keys.once(request, lambda: self.try_until_committed(name, request, attempt), fresh=fresh)

    async def try_until_committed(
        self, name: str, request: Request, attempt: Callable[[Attempt], Awaitable[Committed]]
    ) -> Committed:
        """Try, and try anew while others are first or what it was decided under has changed. Raises Busy in the end."""
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
                    await turn.take()  # another command was first: read, check and decide anew, one after the other
                except ReferenceMoved:
                    await self.references.refresh()
                    turn.check()
                except DomainError:
                    if await self.references.newer_than(reference) is None:
                        raise  # it was no old catalogue, policy or grant that refused
                    turn.check()

    async def commit(
        self, root: Root, on: Attempt, others: Changed = None, *, erasing: Erasure | None = None
    ) -> Committed:
        """Commit what was decided, with the duplicates that follow (R-5.6c), or nothing at all."""
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
                ),
            )
        except MailUnread as error:
            raise InvalidTransition("close", "waiting for a mail to be read (GET /quarantine)") from error
        return Committed(root, await self.position_of(root) if position is None else position)

    async def position_of(self, root: Root) -> int:
        """The position of an aggregate's last event."""
        return (await self.store.history(root.id, after=root.version - 1))[-1].position

    async def answered(self, request: Request) -> bool:
        """Whether a request was answered before under its idempotency key: its preconditions then no longer matter."""
        return request.idempotency is not None and await self.register.answer(request.idempotency.key) is not None


def expect(root: Root, request: Request) -> None:
    """Check the version that the caller has seen. Raises StaleVersion."""
    if request.expected is not None and root.version != request.expected:
        raise StaleVersion(root.number, request.expected, root.version)


def _closes(root: Any) -> bool:
    """Whether what was decided, and is not committed yet, closes a case."""
    return any(isinstance(event, Closed) for event in root.pending_events)
