"""The door to the event sourcing library: the root of every aggregate and of every event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY
from datetime import datetime
from typing import Any, ClassVar, Self, cast
from uuid import UUID

from eventsourcing.domain import BaseAggregate, CanMutateAggregate, DomainEvent
from eventsourcing.utils import register_topic

from domain.obligation import Obligation
from domain.values import Actor, Disclosure, Origin, Provenance, Via


class Recorded(CanMutateAggregate[UUID], DomainEvent):
    """A fact on the record. Its name in the store is ``TOPIC``, a storage format that is never renamed.

    A subclass carries its fold as ``apply``: it assigns and never refuses, since it reruns on every replay, and
    it reads no clock. What an answer shows is always a field of the event; ``timestamp`` (the library's: when it
    occurred, else when it was recorded) may only serve rules.
    """

    TOPIC: ClassVar[str]
    _: KW_ONLY
    by: Actor
    """Who caused it, in which role."""
    via: Via
    """The interface that it came through, and the channel of the customer, if one spoke."""
    nonce: str
    """128 random bits, in hex: leaves of the log are public, and nobody may guess an event from its leaf."""
    origin: Origin | None = None
    """For imported history: the row it was read from."""
    deviations: tuple[str, ...] = ()
    """Names of the rules of ours that were not followed."""
    reason: Disclosure | None = None
    """Why, in the words of whoever caused it."""
    request_id: str | None = None
    """What the caller names the request (`X-Request-ID`)."""
    trace_id: str | None = None
    """The trace of the request (W3C Trace Context)."""
    causation: int | None = None
    """For automatic events: the position of the event that caused this one."""
    occurred_at: datetime | None = None
    """When it happened, if that is not when it was recorded."""

    def owes(self) -> tuple[Obligation, ...]:
        """What the desk owes somebody from here on."""
        return ()

    def settles(self) -> tuple[str, ...]:
        """Keys of the obligations this event ends. They need not exist."""
        return ()

    def mutate(self, aggregate: Any) -> Any:
        changed: Any = super().mutate(aggregate)
        self._keep(changed)
        return changed

    def _keep(self, root: Root) -> None:
        if self.origin is not None:
            root.imported_rows.add(self.origin.key)
        for key in self.settles():
            root.obligations.pop(key, None)
        for owed in self.owes():
            root.obligations[owed.key] = owed


class Opening(Recorded):
    """The first event of an aggregate: it makes the aggregate that later events change."""

    AGGREGATE: ClassVar[type[Root]]

    def mutate(self, aggregate: Any) -> Any:
        if aggregate is not None:
            raise ValueError(f"{self.TOPIC} opens an aggregate; {aggregate.id} is open already")
        root = self.AGGREGATE.__new__(self.AGGREGATE)
        root.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        root.begin()
        self.apply(root)
        self._keep(root)
        return root


class Root(BaseAggregate[UUID]):
    """A consistency boundary: its public methods hold the rules, its events the facts."""

    NUMBERED: ClassVar[bool] = False
    """Whether it can be found by its number, which nothing else then has."""

    number: str
    """What people call it by; given once, with the opening event."""
    imported_rows: set[str]
    """The keys of the source rows it was read from, for imported history."""
    obligations: dict[str, Obligation]
    """What is owed because of it, by key."""

    def __base_init__(self, *args: Any, **kwargs: Any) -> None:
        super().__base_init__(*args, **kwargs)
        self.imported_rows = set()
        self.obligations = {}

    def begin(self) -> None:
        """Set the state before the first event."""

    @property
    def is_new(self) -> bool:
        """Whether nothing of it has been stored yet."""
        return self.version == len(self.pending_events)

    @classmethod
    def open(cls, event: type[Opening], id: UUID, provenance: Provenance, **fields: Any) -> Self:  # noqa: A002 - the library's own name
        """Start an aggregate with its opening event."""
        opened = event(
            originator_id=id,
            originator_version=1,
            **stamp(provenance),
            **fields,
        )
        root = cast("Self", opened.mutate(None))
        root.pending_events.append(opened)
        return root

    def record(self, event: type[Recorded], provenance: Provenance, **fields: Any) -> None:
        """Append a fact. The rule has been checked by the caller."""
        self.trigger_event(event, **stamp(provenance), **fields)


def stamp(provenance: Provenance) -> dict[str, Any]:
    """The fields every event takes from its provenance, with a fresh 128-bit nonce."""
    return {
        "timestamp": provenance.occurred_at or provenance.at,
        "by": provenance.by,
        "via": provenance.via,
        "nonce": provenance.random(16).hex(),
        "origin": provenance.origin,
        "request_id": provenance.request_id,
        "trace_id": provenance.trace_id,
        "causation": provenance.causation,
        "occurred_at": provenance.occurred_at,
    }


def register(events: Iterable[type[Recorded]], aggregate: type[Root]) -> dict[str, type[Recorded]]:
    """Make the events' topics known to the library, once and explicitly; returns them by topic."""
    topics = {event.TOPIC: event for event in events}
    for topic, event in topics.items():
        register_topic(topic, event)
        if issubclass(event, Opening):
            event.AGGREGATE = aggregate
    return topics
