"""The record of a desk in memory, and a runner on it. A test decides what happens just before a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError

from application.execution.reference import TOPICS, References, entry_id
from application.execution.requests import Idempotency, Request
from application.execution.runner import CommandRunner
from application.ports import Answered, Beside, Entry, KeptAnswer, KeyTaken, MailUnread, ReferenceMoved
from domain.access import Access, Grant
from domain.aggregate import Recorded, Root
from domain.policy import Policy
from domain.policy_book import PolicyAdopted, PolicyBook
from domain.values import Actor, Role
from tests.domain.cases import NOW, POLICY, at, moment, said
from tests.travel_clock import TravelClock

ORTIZ = Actor("a.ortiz", Role.TECHNICIAN)
TECHNICIAN = Request(ORTIZ, "test")


class MemoryRecord:
    """Does what `EventStore` and `Register` promise, as far as the kernel of commands asks for it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.numbers: dict[str, UUID] = {}
        self.answers: dict[bytes, tuple[Answered, int]] = {}
        self.appended: list[Beside] = []
        """What the commits that were tried had beside their events."""
        self.unread: set[str] = set()
        """Numbers of the cases with an unread mail."""
        self.asked: list[str] = []
        """Numbers that were looked up."""
        self.before_commit: list[Callable[[], Awaitable[object]]] = []
        """Each happens once, just before the next commit."""

    # as a test sees it

    @property
    def topics(self) -> list[str]:
        return [entry.event.TOPIC for entry in self.entries]

    def put(self, *roots: Root) -> None:
        """Commit what another process decided."""
        self._keep(roots, [event for root in roots for event in root.collect_events()], Beside())

    def change(self, id: UUID, change: Callable[[Any], object]) -> None:  # noqa: A002 - as the port has it
        """Let another process change an aggregate."""
        root = self.folded(id)
        assert root is not None
        change(root)
        self.put(root)

    def folded(self, id: UUID, until: int | None = None) -> Root | None:  # noqa: A002 - as the port has it
        """An aggregate as it is, or as it was at a version."""
        root: Root | None = None
        for entry in self._stream(id)[:until]:
            root = entry.event.mutate(root)
        return root

    # as the application sees it

    async def load(self, id: UUID, *, until: int | None = None) -> Root | None:  # noqa: A002 - as the port has it
        await asyncio.sleep(0)
        return self.folded(id, until)

    async def history(self, id: UUID, *, after: int = 0, until: int | None = None) -> list[Entry]:  # noqa: A002 - as the port has it
        last = until or len(self.entries)
        return [entry for entry in self._stream(id) if after < entry.event.originator_version <= last]

    async def append(self, roots: Sequence[Root], beside: Beside) -> int | None:
        await asyncio.sleep(0)
        if self.before_commit:
            await self.before_commit.pop(0)()
        events: list[Recorded] = [event for root in roots for event in root.collect_events()]  # type: ignore[misc]
        self.appended.append(beside)
        if not events:
            return None
        self._check(events, beside)
        self._keep(roots, events, beside)
        return len(self.entries)

    async def find(self, number: str) -> UUID | None:
        self.asked.append(number)
        return self.numbers.get(number)

    async def answer(self, key: bytes) -> KeptAnswer | None:
        if key not in self.answers:
            return None
        kept, position = self.answers[key]
        return KeptAnswer(kept.request, kept.originator_id, kept.version, position)

    async def reference_events(self, after: int) -> list[tuple[int, Recorded]]:
        return [(entry.position, entry.event) for entry in self._reference() if entry.position > after]

    def _stream(self, id: UUID) -> list[Entry]:  # noqa: A002 - as the port has it
        return [entry for entry in self.entries if entry.event.originator_id == id]

    def _reference(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.event.TOPIC.partition(".")[0] in TOPICS]

    def _check(self, events: Sequence[Recorded], beside: Beside) -> None:
        if any(event.originator_version <= len(self._stream(event.originator_id)) for event in events):
            raise IntegrityError
        if any(len(self._stream(of)) > version for of, version in beside.read):
            raise IntegrityError
        if beside.answered and beside.answered.key in self.answers:
            raise KeyTaken
        if beside.known is not None and any(entry.position > beside.known for entry in self._reference()):
            raise ReferenceMoved
        if self.unread & set(beside.closes):
            raise MailUnread

    def _keep(self, roots: Sequence[Root], events: Sequence[Any], beside: Beside) -> None:
        for event in events:
            self.entries.append(Entry(event, b"", len(self.entries) + 1, NOW, "memory"))
        self.numbers.update({root.number: root.id for root in roots if root.NUMBERED})
        if beside.answered:
            self.answers[beside.answered.key] = (beside.answered, len(self.entries))


def grant(record: MemoryRecord, actor: Actor = ORTIZ) -> None:
    """Let another process grant somebody their role."""
    stream = entry_id("access", actor.subject)
    access = record.folded(stream) or Access.of(stream, actor.subject, at(subject="root"))
    assert isinstance(access, Access)
    access.grant(Grant(actor.role, actor.team, "root", NOW), at(subject="root"))
    record.put(access)


def revoke(record: MemoryRecord, actor: Actor = ORTIZ) -> None:
    """Let another process revoke it."""
    stream = entry_id("access", actor.subject)
    record.change(stream, lambda access: access.revoke(actor.role, actor.team, at(subject="root")))


def adopt(record: MemoryRecord, policy: Policy) -> None:
    """Let another process put a policy in force."""
    stream = entry_id("policy", "policy")
    if record.folded(stream) is None:
        record.put(PolicyBook.open(PolicyAdopted, stream, at(), policy=POLICY))
    record.change(stream, lambda book: book.change(policy, at(), reason=said()))


def runner_on(record: MemoryRecord) -> CommandRunner:
    """The runner of one process, whose clock stands still an hour after NOW."""
    store: Any = record
    references = References(record.reference_events, lambda: POLICY)
    return CommandRunner(store, store, references, TravelClock(moment(60)), bytes)


def keyed(request: bytes = b"one", key: bytes = b"key") -> Request:
    """A technician's request with an idempotency key."""
    return Request(ORTIZ, "test", idempotency=Idempotency(key, request, 201))
