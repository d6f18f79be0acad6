"""The door to the event sourcing library: the base of every event and of every aggregate."""

from __future__ import annotations

from base64 import urlsafe_b64encode
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

    A subclass carries its fold as ``_fold``. A fold assigns and never refuses, since it reruns on every replay; it
    reads no clock. Every value that an answer shows is a field of an event. Rules alone may read ``timestamp``, which is
    the time of occurrence, or else of recording.
    """

    TOPIC: ClassVar[str]
    SETTLES: ClassVar[tuple[str, ...]] = ()
    """Keys of the obligations that every event of this class ends. They need not exist."""
    ERASES: ClassVar[bool] = False
    """Whether words of earlier events of the stream left the vault with it."""
    _: KW_ONLY
    by: Actor
    """Who caused it, in which role."""
    via: Via
    """The interface that it came through, and the customer's channel where they spoke."""
    nonce: str
    """128 random bits, in base64url: leaves of the log are public, and nobody may guess an event from its leaf.

    Releases before 0.5.0 wrote hex.
    """
    origin: Origin | None = None
    """The source row, for imported history."""
    deviations: tuple[str, ...] = ()
    """Names of the desk's rules that were not followed."""
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
        """Obligations that stand from this event on: by default those of its field ``owed``, where it has one."""
        owed: tuple[Obligation, ...] = getattr(self, "owed", ())
        return owed

    def settles(self) -> tuple[str, ...]:
        """Keys of the obligations that this event ends. They need not exist."""
        return self.SETTLES

    def apply(self, aggregate: Any) -> None:
        """Fold the event into an aggregate, or into a view's copy of its state."""
        self._fold(aggregate)

    def mutate(self, aggregate: Any) -> Any:
        """Fold the event into its aggregate and keep its obligations. Raises ValueError for a gap in the versions."""
        changed: Any = super().mutate(aggregate)
        self._keep(changed)
        return changed

    def _fold(self, root: Any) -> None:
        pass

    def _keep(self, root: Root) -> None:
        if self.origin is not None:
            root.imported_rows.add(self.origin.key)
        for key in self.settles():
            root.obligations.pop(key, None)
        for owed in self.owes():
            root.obligations[owed.key] = owed


class Opening(Recorded):
    """The first event of an aggregate. It makes the aggregate that later events change."""

    AGGREGATE: ClassVar[type[Root]]

    def mutate(self, aggregate: Any) -> Any:
        """Make the aggregate. Raises ValueError where there is one already."""
        if aggregate is not None:
            raise ValueError(f"{self.TOPIC} opens an aggregate; {aggregate.id} is open already")
        root = self.AGGREGATE.__new__(self.AGGREGATE)
        root.__base_init__(self.originator_id, self.originator_version, self.timestamp)
        root.begin()
        self.apply(root)
        self._keep(root)
        return root


class AnyTime(Opening):
    """An event that may be the first of its aggregate or a later one. Whichever is read first makes the aggregate."""

    def mutate(self, aggregate: Any) -> Any:
        """Make the aggregate, or change the one there is."""
        return super().mutate(None) if aggregate is None else Recorded.mutate(self, aggregate)


class Root(BaseAggregate[UUID]):
    """A consistency boundary. Its public methods hold the rules, its events the facts."""

    NUMBERED: ClassVar[bool] = False
    """Whether the store finds it by its number. Numbers are unique."""

    number: str
    """The name that people use. The opening event sets it once."""
    imported_rows: set[str]
    """Keys of the source rows it was read from, for imported history."""
    obligations: dict[str, Obligation]
    """Obligations that stand, by key."""

    def __base_init__(self, *args: Any, **kwargs: Any) -> None:
        super().__base_init__(*args, **kwargs)
        self.imported_rows = set()
        self.obligations = {}

    def begin(self) -> None:
        """Set the state before the first event."""

    def fork(self) -> Self:
        """Return a copy that changes by itself. A fold changes no value in place but a collection of the root."""
        copy = object.__new__(type(self))
        for name, value in vars(self).items():
            vars(copy)[name] = value.copy() if isinstance(value, (dict, set, list)) else value
        return copy

    @property
    def is_new(self) -> bool:
        """Whether the store has none of its events."""
        return self.version == len(self.pending_events)

    @classmethod
    def open(cls, event: type[Opening], id: UUID, provenance: Provenance, **fields: Any) -> Self:
        """Start an aggregate with its opening event."""
        opened = event(originator_id=id, originator_version=1, **stamp(provenance), **fields)
        root = cast("Self", opened.mutate(None))
        root.pending_events.append(opened)
        return root

    def record(self, event: type[Recorded], provenance: Provenance, **fields: Any) -> None:
        """Append an event. The caller has checked the rule."""
        self.trigger_event(event, **stamp(provenance), **fields)


def stamp(provenance: Provenance) -> dict[str, Any]:
    """The fields that every event takes from its provenance, with a fresh 128-bit nonce."""
    return {
        "timestamp": provenance.occurred_at or provenance.at,
        "by": provenance.by,
        "via": provenance.via,
        "nonce": urlsafe_b64encode(provenance.random(16)).rstrip(b"=").decode(),
        "origin": provenance.origin,
        "request_id": provenance.request_id,
        "trace_id": provenance.trace_id,
        "causation": provenance.causation,
        "occurred_at": provenance.occurred_at,
    }


TOPICS: set[str] = set()
"""The topics of all events that the program knows."""


def register(events: Iterable[type[Recorded]], aggregate: type[Root]) -> dict[str, type[Recorded]]:
    """Make the topics of events known to the library, once and explicitly. Returns the events by topic."""
    topics = {event.TOPIC: event for event in events}
    TOPICS.update(topics)
    for topic, event in topics.items():
        register_topic(topic, event)
        if issubclass(event, Opening):
            event.AGGREGATE = aggregate
    return topics
