"""The record of a simulated desk, in memory: event store, register and search of the desk's own commands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from uuid import UUID

from application.execution.reference import TOPICS
from application.ports import Beside, Disclosed, Entry, Head, KeptAnswer
from application.views.open_reports import compared, terms_of
from application.views.similar import Match, Profile, shared
from domain.aggregate import Recorded, Root
from domain.case import Case
from domain.case.clauses.logging import Logged
from domain.case.status import Status
from domain.clock import Clock
from domain.outgoing_mail import MessageQueued

_NAMING = re.compile(r"\w*\d\w*")
_SHORT = 4
"""Characters of the shortest word with a digit that identifies a thing."""
_ROLE = "demo"


@dataclass(frozen=True)
class Commit:
    """What one command committed: events of one moment, and the numbers they gave."""

    at: datetime
    events: Sequence[Recorded]
    numbers: Sequence[tuple[str, UUID]]


@dataclass
class _Stream:
    root: Root | None = None
    entries: list[Entry] = field(default_factory=list)


class SimulatedRecord:
    """Implements `EventStore`, `Register` and `Finder` for one simulation, whose commands run one after another.

    An aggregate stays in memory as its last command left it. A command that was refused may have changed it, so it is
    folded anew then.
    """

    def __init__(self, clock: Clock, pseudonym_key: bytes) -> None:
        self._clock, self._key = clock, pseudonym_key
        self.heard: Callable[[Commit], None] = lambda _: None
        """Called with each commit."""
        self._position = 0
        self._streams: dict[int, _Stream] = defaultdict(_Stream)
        """By the numbers of their ids: a UUID is compared and hashed in Python."""
        self._numbers: dict[str, UUID] = {}
        self._reference: list[Entry] = []
        self._begun: dict[tuple[str, str], list[UUID]] = defaultdict(list)
        self._named: dict[Hashable, list[Profile]] = defaultdict(list)
        """Reports by the terms of words in them that identify a thing, and by their fingerprints."""
        self._cases = self._problems = count(1)

    def forget(self, cases: int, problems: int) -> None:
        """Forget all but the reference data, and number from here on."""
        self._cases, self._problems = count(cases), count(problems)
        kept = {entry.event.originator_id.int for entry in self._reference}
        self._streams = defaultdict(_Stream, {each: self._streams[each] for each in kept})
        for known in (self._numbers, self._begun, self._named):
            known.clear()

    # the event store

    async def load(self, id: UUID, *, until: int | None = None) -> Root | None:  # noqa: A002 - as the port has it
        """Return an aggregate as its last command left it, or as it was at a version."""
        if (stream := self._streams.get(id.int)) is None:
            return None
        if until is not None or stream.root is None or stream.root.pending_events:
            root: Root | None = None
            for entry in stream.entries[:until]:
                root = entry.event.mutate(root)
            return root
        return stream.root

    async def history(
        self,
        id: UUID,  # noqa: A002
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        last: int | None = None,
    ) -> list[Entry]:
        """Return the events of an aggregate."""
        entries = self._streams[id.int].entries if id.int in self._streams else []
        return entries[after:until][:limit] if last is None else entries[-last:]

    async def head(self, id: UUID) -> Head | None:  # noqa: A002
        """Return the last event of an aggregate."""
        entries = self._streams[id.int].entries if id.int in self._streams else []
        return Head(entries[-1].event.originator_version, entries[-1].position) if entries else None

    async def append(self, roots: Sequence[Root], beside: Beside) -> int | None:
        """Keep the pending events of aggregates, and hand them on."""
        at, events = self._clock.now(), list[Recorded]()
        for root in roots:
            stream = self._streams[root.id.int]
            for event in root.collect_events():
                assert isinstance(event, Recorded)
                self._position += 1
                entry = Entry(event, b"", self._position, at, _ROLE)
                stream.entries.append(entry)
                events.append(event)
                self._note(entry)
            stream.root = root
        if not events:
            return None
        self._numbers.update(beside.numbers)
        self.heard(Commit(at, events, beside.numbers))
        return self._position

    def _note(self, entry: Entry) -> None:
        """Keep what the register and the search are asked for."""
        event = entry.event
        if isinstance(event, Logged):
            self._begun[event.customer, event.TOPIC].append(event.originator_id)
            self._keep_words(event)
        elif isinstance(event, MessageQueued):
            self._begun[event.recipient.subject, event.TOPIC].append(event.originator_id)
        elif event.TOPIC.partition(".")[0] in TOPICS:
            self._reference.append(entry)

    # the register

    async def find(self, number: str) -> UUID | None:
        """Return the aggregate with a number."""
        return self._numbers.get(number)

    async def any_case(self) -> bool:
        """Whether any case exists."""
        return any(number.startswith("INC-") for number in self._numbers)

    async def existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Return the ids that have events."""
        return {each for each in ids if each.int in self._streams}

    async def reference_events(self, after: int) -> Sequence[tuple[int, Recorded]]:
        """Return the changes of reference data after a position."""
        return [(entry.position, entry.event) for entry in self._reference if entry.position > after]

    async def latest(self, ids: Collection[UUID]) -> Sequence[Recorded]:
        """Return the last event of each stream."""
        return [self._streams[each.int].entries[-1].event for each in ids if each.int in self._streams]

    async def approvals(self) -> Sequence[UUID]:
        """Nothing needs an approval."""
        return []

    async def next_case_number(self) -> str:
        """Return the next number."""
        return f"INC-{next(self._cases):07d}"

    async def next_problem_number(self) -> str:
        """Return the next number."""
        return f"PRB-{next(self._problems):07d}"

    async def answer(self, key: bytes) -> KeptAnswer | None:
        """No command has an idempotency key."""
        return None

    async def pseudonym_key(self) -> bytes:
        """Return the key of the store that the desk is made for."""
        return self._key

    async def disclosed(self, subject: str) -> Sequence[Disclosed]:
        """Nobody is erased."""
        return []

    async def begun(self, subject: str, topic: str, since: UUID) -> Sequence[UUID]:
        """Return a person's latest streams that begin with a topic."""
        return [each for each in self._begun.get((subject, topic), ()) if each >= since][-100:]

    async def content(self, id: UUID, version: int, digest: str) -> AsyncIterator[bytes]:  # noqa: A002
        """Nobody reads a file."""
        raise NotImplementedError
        yield b""

    # the search for duplicates

    async def similar(
        self, profile: Profile, since: datetime, limit: int, *, certain: float, decided: Collection[str] = ()
    ) -> Sequence[Match]:
        """Find open cases that name one of the same things: two reports of one occurrence do."""
        names = (*sorted(profile.terms), profile.external_ref)
        found = {each.number: each for name in names for each in self._named.get(name, ())}
        return [
            Match(each.number, each.service, each.received_at, each.external_ref, shared(profile.terms, each.terms))
            for each in found.values()
            if since <= each.received_at <= profile.received_at and each.number not in decided and self._is_open(each)
        ][:limit]

    def _is_open(self, report: Profile) -> bool:
        case = self._streams[self._numbers[report.number].int].root
        return isinstance(case, Case) and case.status is not Status.CLOSED

    def _keep_words(self, event: Logged) -> None:
        words = compared({} if event.words is None else event.words.texts or {})
        report = Profile(event.number, event.service, event.received_at, event.external_ref, terms_of(words))
        naming = terms_of(" ".join(name for name in _NAMING.findall(words) if len(name) >= _SHORT))
        for name in (*sorted(naming), *filter(None, (event.external_ref,))):
            self._named[name].append(report)
