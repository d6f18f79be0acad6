"""Conditions on the fields of events, and on the fields of an activation beside those of its target."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from application.reports.conformance.history import Event, History, moment
from domain.calendar import Calendar

Test = Callable[[Event], bool]
Pair = Callable[[Event, Event], bool]
_DURATION = re.compile(r"(\d+(?:\.\d+)?) (min|h|d)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_RELATIONS: Mapping[str, Callable[[datetime, datetime], bool]] = {
    "later than": lambda mine, other: mine > other,
    "not later than": lambda mine, other: mine <= other,
    "earlier than": lambda mine, other: mine < other,
    "not earlier than": lambda mine, other: mine >= other,
}
_RELATION = re.compile(rf"({'|'.join(_RELATIONS)}) (?:(\d+(?:\.\d+)? (?:min|h|d)) after )?([a-z_.]+)")
_SAME = re.compile(r"same as ([a-z_.]+)")
_AT_LEAST = re.compile(r"at least (\d+)")


def duration(text: str) -> timedelta:
    """An interval such as `30 min`, `72 h` or `3 d`. Raises ValueError."""
    found = _DURATION.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r} is no interval; write it as 30 min, 72 h or 3 d")
    return float(found[1]) * _UNITS[found[2]]


def names_in(wanted: Any) -> list[str]:
    """The fields that a condition names beside its own."""
    found = (_RELATION.fullmatch(wanted), _SAME.fullmatch(wanted)) if isinstance(wanted, str) else ()
    return [match[match.lastindex] for match in found if match is not None and match.lastindex]


def condition(name: str, wanted: Any) -> Test:
    """A test of one field. Raises ValueError.

    ``wanted`` is a value, a list of values, `present`, `absent`, `at least N`, `later than FIELD`, `earlier than 72 h after
    FIELD`, or `not` with a value or a list.
    """
    if isinstance(wanted, Mapping):
        if set(wanted) != {"not"}:
            raise ValueError(f"a condition is a value, a list, or `not` with either; {dict(wanted)} is neither")
        refused = _listed(wanted["not"])
        return lambda event: event.value(name) not in refused
    if wanted == "present":
        return lambda event: bool(event.value(name))
    if wanted == "absent":
        return lambda event: not event.value(name)
    if isinstance(wanted, str) and (least := _AT_LEAST.fullmatch(wanted)):
        return lambda event: (event.value(name) or 0) >= int(least[1])
    if isinstance(wanted, str) and _RELATION.fullmatch(wanted):
        compares = pair(name, wanted)
        return lambda event: compares(event, event)
    values = _listed(wanted)
    return lambda event: _holds(event.value(name), values)


def _listed(wanted: Any) -> Sequence[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _holds(value: Any, wanted: Sequence[Any]) -> bool:
    """Whether a field has one of the values; a field with several values has one of them among its own."""
    return any(each in wanted for each in value) if isinstance(value, list) else value in wanted


def pair(name: str, wanted: Any) -> Pair:
    """A test of a target's field beside a field of its activation. Raises ValueError.

    ``wanted`` is `same as FIELD`, `later than FIELD` or another relation, with an interval `72 h after FIELD`.
    """
    text = str(wanted)
    if same := _SAME.fullmatch(text):
        other = same[1]
        return lambda activation, target: target.value(name) == activation.value(other)
    found = _RELATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no relation; write it as `same as FIELD`, `later than FIELD` or so")
    holds, later, field = _RELATIONS[found[1]], duration(found[2]) if found[2] else timedelta(), found[3]

    def compares(activation: Event, target: Event) -> bool:
        mine, other = target.value(name), activation.value(field)
        return mine is not None and other is not None and holds(moment(mine), moment(other) + later)

    return compares


@dataclass(frozen=True)
class Selector:
    """One activity: a topic, conditions on its fields, and the field that says when it happened."""

    topic: str
    tests: tuple[Test, ...] = ()
    time: str = "happened_at"

    def of(self, history: History) -> list[Event]:
        """The events of a history that it selects."""
        found = history.by_topic.get(self.topic, [])
        return [event for event in found if all(test(event) for test in self.tests)] if self.tests else found

    def selects(self, event: Event) -> bool:
        """Whether it selects an event."""
        return event.topic == self.topic and all(test(event) for test in self.tests)


@dataclass(frozen=True)
class Span:
    """How far an activation and its target lie apart, by the wall clock or in business time."""

    at_most: timedelta | None = None
    more_than: timedelta | None = None
    calendar: Calendar | None = None
    """The business hours; None for the wall clock."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The time from one moment to another."""
        return end - start if self.calendar is None else self.calendar.between(start, end)

    def holds(self, one: datetime, other: datetime) -> bool:
        """Whether two moments lie as far apart as this says, whichever comes first."""
        apart = self.between(min(one, other), max(one, other))
        long_enough = self.more_than is None or apart > self.more_than
        return long_enough and (self.at_most is None or apart <= self.at_most)
