"""Aggregates of long streams, kept in memory. Each is brought up to date by reading only the events after it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.aggregate import Root
from infrastructure.postgres.mapper import StateMapper
from infrastructure.postgres.stored_event import LedgerEvent

LONG = 100
"""Events from which a stream is long. A shorter one is folded as fast as it is looked up."""
BYTES = 32 * 1_048_576
"""Stored bytes of the streams that are kept. An aggregate holds about as much, or far less: a note leaves nothing in it."""


@dataclass
class Kept:
    """An aggregate as it was at a position."""

    root: Root
    position: int
    size: int
    """Stored bytes of its events and their disclosures."""


class KeptAggregates:
    """The long aggregates that were used last, within a number of bytes."""

    def __init__(self, mapper: StateMapper, *, long: int = LONG, most: int = BYTES) -> None:
        self._mapper, self._long, self._most = mapper, long, most
        self._kept: OrderedDict[UUID, Kept] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """Stored bytes of the streams that are kept."""
        return self._size

    def find(self, id: UUID) -> Kept | None:  # noqa: A002 - the library's own name
        """What is kept of a stream."""
        return self._kept.get(id)

    def updated(self, kept: Kept, tail: Sequence[LedgerEvent]) -> Root | None:
        """The aggregate after the tail of its stream, which begins with the last event that is kept.

        None where the stream must be folded anew: words were erased since, or the last event is another one than it was.
        """
        id_ = kept.root.id
        first = tail[0] if tail else None
        if first is None or (first.originator_version, first.position) != (kept.root.version, kept.position):
            self.forget(id_)
            return None
        events = [self._mapper.to_domain_event(event) for event in tail[1:]]
        if any(event.ERASES for event in events):
            self.forget(id_)
            return None
        root = kept.root.fork()
        for event in events:
            root = event.mutate(root)
        if events and self._kept.get(id_) is kept:
            self.keep(root, tail[-1], kept.size + _size(tail[1:]))
        elif id_ in self._kept:
            self._kept.move_to_end(id_)
        return root

    def keep(self, root: Root, last: LedgerEvent, size: int) -> None:
        """Keep a copy of an aggregate, and forget those that were used longest ago. ``last`` is its last event."""
        self.forget(root.id)
        if root.version >= self._long and size <= self._most:
            self._kept[root.id] = Kept(root.fork(), last.position or 0, size)
            self._size += size
        while self._size > self._most:
            self.forget(next(iter(self._kept)))

    def folded(self, events: Sequence[LedgerEvent]) -> Root | None:
        """The aggregate of a whole stream. It is kept if the stream is long."""
        root: Root | None = None
        for event in events:
            root = self._mapper.to_domain_event(event).mutate(root)
        if root is not None and len(events) >= self._long:
            self.keep(root, events[-1], _size(events))
        return root

    def forget(self, id: UUID) -> None:  # noqa: A002 - the library's own name
        """Keep nothing of a stream."""
        if (kept := self._kept.pop(id, None)) is not None:
            self._size -= kept.size


def _size(events: Sequence[LedgerEvent]) -> int:
    return sum(len(e.state) + sum(len(said.value or "") for said in e.disclosures) for e in events)
