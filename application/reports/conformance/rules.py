"""A model and its rules, as they are read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from application.reports.conformance.conditions import Pair, Selector, Span
from application.reports.conformance.history import Event, History, moment
from domain.calendar import Calendar


class Kind(StrEnum):
    """What a deviation says of the desk."""

    BROKEN = "broken"
    """The history contradicts the rule."""
    STATED = "stated"
    """The rule allows a way out that the record itself calls a deviation, such as the duty manager's (R-5.7b)."""
    NOT_RECORDED = "not_recorded"
    """An imported history: its source keeps no record of what the rule asks for. Nobody can say whether it was done."""


@dataclass(frozen=True)
class Enough:
    """How many targets an activation needs, on how many business days, with how many different values of which field."""

    times: int = 1
    days: int = 1
    different: tuple[tuple[str, int], ...] = ()
    calendar: Calendar | None = None

    def reached(self, targets: Sequence[Event], selectors: Sequence[Selector]) -> bool:
        """Whether these are enough."""
        if len(targets) < self.times:
            return False
        if any(len({target.value(name) for target in targets}) < many for name, many in self.different):
            return False
        if self.days == 1:
            return True
        assert self.calendar is not None
        return self.calendar.business_days(happened(target, selectors) for target in targets) >= self.days


ANY_TIME, ONCE = Span(), Enough()


@dataclass(frozen=True)
class Rule:
    """One constraint: a template over activities, with conditions on data, time and role."""

    name: str
    clause: str
    says: str
    template: str
    activations: tuple[Selector, ...]
    targets: tuple[Selector, ...] = ()
    voids: tuple[Selector, ...] = ()
    """What takes back an activation or a target that came before it."""
    pairs: tuple[Pair, ...] = ()
    span: Span = ANY_TIME
    enough: Enough = ONCE
    kind: Kind = Kind.BROKEN
    imported: Kind = Kind.BROKEN
    """The kind of a deviation in imported history."""
    topics: frozenset[str] = frozenset()
    """A history without any of them says nothing of the rule. Empty for a rule that speaks of every history."""

    def fits(self, activation: Event, target: Event) -> bool:
        """Whether a target belongs to an activation, by their data and the time between them."""
        if any(not pair(activation, target) for pair in self.pairs):
            return False
        if self.span is ANY_TIME:
            return True
        return self.span.holds(happened(activation, self.activations), happened(target, self.targets))

    @cached_property
    def turned(self) -> Rule:
        """The same rule with activations and targets changed for each other."""
        pairs = tuple(_turned(pair) for pair in self.pairs)
        return replace(self, activations=self.targets, targets=self.activations, pairs=pairs)


@dataclass(frozen=True)
class Model:
    """A process as rules."""

    name: str
    rules: tuple[Rule, ...]


def selected(selectors: Sequence[Selector], history: History) -> list[Event]:
    """The events that any of the selectors selects, in order."""
    if len(selectors) == 1:
        return selectors[0].of(history)
    found = {event.index: event for selector in selectors for event in selector.of(history)}
    return [found[index] for index in sorted(found)]


def happened(event: Event, selectors: Sequence[Selector]) -> datetime:
    """When an event happened, by the field that its selector names."""
    for selector in selectors:
        if selector.time != "happened_at" and selector.selects(event):
            value = event.value(selector.time)
            return event.happened_at if value is None else moment(value)
    return event.happened_at


def _turned(pair: Pair) -> Pair:
    return lambda activation, target: pair(target, activation)
