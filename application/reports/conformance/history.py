"""A case's history as a model reads it: the events of the case, with those of its problems and mails, by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from domain.aggregate import Recorded
from domain.case.case import EVENTS as CASE
from domain.outgoing_mail import MessageQueued
from domain.problem import IncidentLinked, ProblemOpened

TOPICS: Mapping[str, type[Recorded]] = {
    **CASE,
    **{event.TOPIC: event for event in (MessageQueued, ProblemOpened, IncidentLinked)},
}
"""The events that a history has, by topic."""
OWN = ("topic", "version", "position", "happened_at", "recorded_at")
"""What every event has beside its fields. `happened_at` falls back on the time of recording."""
_read = msgspec.json.Decoder(dict[str, Any]).decode


class Event:
    """One event: its fields by name, as stored, and as the event's class has them where they are left out."""

    __slots__ = ("_defaults", "_state", "happened_at", "index", "position", "recorded_at", "topic", "version")

    def __init__(self, topic: str, version: int, position: int, recorded_at: datetime, state: bytes) -> None:
        self.topic, self.version, self.position, self.recorded_at = topic, version, position, recorded_at
        self._state, self._defaults = _read(state), _defaults(topic)
        occurred_at = self._state.get("occurred_at")
        self.happened_at = recorded_at if occurred_at is None else moment(occurred_at)
        self.index = 0
        """Its place in its history."""

    def value(self, name: str) -> Any:
        """A field, also of a value within (`by.role`); None where it is absent."""
        if name in OWN:
            return getattr(self, name)
        found, _, within = name.partition(".")
        value = self._state.get(found, self._defaults.get(found))
        return value.get(within) if within and isinstance(value, dict) else value

    def tell(self, **beside: str) -> None:
        """Add what the event's stream says and the event does not: the number of a problem."""
        self._state.update(beside)

    @property
    def imported(self) -> bool:
        """Whether another system recorded it."""
        return "origin" in self._state


@cache
def _defaults(topic: str) -> Mapping[str, Any]:
    return {field.name: field.default for field in fields(TOPICS[topic]) if field.default is not MISSING}


def moment(value: Any) -> datetime:
    """A time of an event, in UTC. Raises ValueError for what is none."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value)).astimezone(UTC)


class History:
    """The events of one case, oldest first."""

    def __init__(self, case: str, events: Sequence[Event], until: datetime | None = None) -> None:
        self.case, self.events = case, sorted(events, key=_position)
        self.until = until or self.events[-1].happened_at
        """The moment that it is as of."""
        self.by_topic: dict[str, list[Event]] = {}
        for index, event in enumerate(self.events):
            event.index = index
            self.by_topic.setdefault(event.topic, []).append(event)

    @property
    def first(self) -> Event:
        """The first event of the case itself. A command may commit its mail before it."""
        return next((event for event in self.events if event.topic in CASE), self.events[0])

    def neighbour(self, event: Event, step: int) -> Event | None:
        """The event of the case itself just before (-1) or after (1) another one."""
        index = event.index + step
        while 0 <= index < len(self.events):
            if self.events[index].topic in CASE:
                return self.events[index]
            index += step
        return None


def _position(event: Event) -> int:
    return event.position
