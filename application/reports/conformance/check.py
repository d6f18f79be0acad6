"""Holds one history against a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.reports.conformance.history import Event, History
from application.reports.conformance.rules import Kind, Model, Rule
from application.reports.conformance.templates import TEMPLATES


@dataclass(frozen=True)
class Deviation:
    """An event of a history that a rule contradicts."""

    clause: str
    rule: str
    case: str
    position: int
    at: datetime
    kind: Kind
    message: str


@dataclass(frozen=True)
class Verdict:
    """What a model says of one history."""

    deviations: tuple[Deviation, ...]
    activated: Mapping[str, int]
    """How often each rule had something to say, by the rule's name."""
    violated: Mapping[str, int]
    """How often the history contradicts it."""


def check(history: History, model: Model) -> Verdict:
    """Hold a history against a model. The moment that the history is as of decides whether a response is late."""
    deviations: list[Deviation] = []
    activated: dict[str, int] = {}
    violated: dict[str, int] = {}
    for rule in model.rules:
        if rule.topics and rule.topics.isdisjoint(history.by_topic):
            continue
        judged = TEMPLATES[rule.template](rule, history)
        if not judged.activated:
            continue
        activated[rule.name] = judged.activated
        if judged.violated:
            violated[rule.name] = judged.violated
            deviations += [_deviation(rule, history.case, event) for event in judged.events]
    return Verdict(tuple(deviations), activated, violated)


def _deviation(rule: Rule, case: str, event: Event) -> Deviation:
    kind = rule.imported if event.imported and rule.imported is not Kind.BROKEN else rule.kind
    message = f"{event.topic}, version {event.version}: {rule.says}"
    return Deviation(rule.clause, rule.name, case, event.position, event.happened_at, kind, message)
