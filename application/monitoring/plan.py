"""The plan for the signals of one message: a pure decision, the same for intake and for a dry run.

Source and fingerprint of an alert identify its case. One outage must not open a hundred cases: alerts of one service
that begin in one notification open one case together. An alert that begins beside others with an open case joins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from application.monitoring.mapping import Target
from application.monitoring.signals import Signal
from domain.case import Case
from domain.case.clauses.alerts import FiredAlert
from domain.monitoring.alert import MOST_ALERTS, Alert, Episodes, Sighting, Watch


class Action(StrEnum):
    """The action for a signal."""

    OPENS = "opens"
    """A new case."""
    JOINS = "joins"
    """It joins the open case of alerts in the same message."""
    APPENDED = "appended"
    """A new episode on its open case."""
    REOPENS = "reopens"
    """A new episode on its case that is resolved, inside its window."""
    FOLLOWS_UP = "follows_up"
    """A new episode after its case was closed: a new case, linked."""
    HEARTBEAT = "heartbeat"
    RECOVERED = "recovered"
    KNOWN = "known"
    """No news."""
    RECORDED = "recorded"
    """A recovery of an unknown alert."""


@dataclass(frozen=True)
class Situation:
    """The recorded state of the alerts in a message."""

    alerts: Mapping[str, Alert]
    """Alerts that have a case, by fingerprint."""
    watches: Mapping[str, Watch]
    """Number of alerts, and of firing alerts, by case number."""
    cases: Mapping[str, Case]
    """The case that takes alerts: the case itself, or the first case of a duplicate (R-5.6c)."""


@dataclass
class Step:
    """The planned action for one signal. Its case is set once it exists."""

    signal: Signal
    action: Action
    target: Target
    case: str | None = None
    follow_up_of: str | None = None


@dataclass
class Tally:
    """Number of alerts of a case, and of firing ones, after this message."""

    alerts: int = 0
    firing: int = 0
    ended_at: datetime | None = None
    """Latest end among the alerts that this message ends."""
    changed: bool = False
    left: bool = False
    """An alert moves to another case. That is no recovery."""

    def count(self, before: Episodes | None, after: Episodes) -> None:
        """Count an alert's change."""
        self.alerts += before is None
        self.firing += after.firing - (before is not None and before.firing)
        self.ended_at = max(filter(None, (self.ended_at, after.episodes[-1].ended_at)), default=None)
        self.changed = True


@dataclass
class Plan:
    """The plan for a message."""

    steps: list[Step] = field(default_factory=list)
    seen: dict[str, Episodes] = field(default_factory=dict)
    """Episodes of each alert with news, after this message, by fingerprint."""
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By case."""
    fired: dict[str, list[FiredAlert]] = field(default_factory=dict)
    """New episodes, by case number."""
    recovered: set[str] = field(default_factory=set)
    """Cases whose alerts have all ended with this message."""

    def begins(self, step: Step, case: str, now: datetime) -> None:
        """Begin an alert's episode on a case."""
        signal, started_at = step.signal, step.signal.started_at or now
        step.case = case
        self.seen[signal.identity] = Episodes.begun(signal.identity, started_at, now)
        self.tallies.setdefault(case, Tally()).count(None, self.seen[signal.identity])
        self.fired.setdefault(case, []).append(
            FiredAlert(signal.identity, self.seen[signal.identity].episodes[-1].started_at)
        )

    def opening(self) -> list[list[Step]]:
        """Steps that need a new case, grouped by case."""
        groups: dict[str | None, list[Step]] = {}
        for step in self.steps:
            if step.action in (Action.OPENS, Action.FOLLOWS_UP):
                groups.setdefault(step.target.service, []).append(step)
        return list(groups.values())


def plan(signals: Iterable[tuple[Signal, Target]], known: Situation, now: datetime) -> Plan:
    """Plan the signals. Does not change ``known``."""
    made = Plan(tallies={case: Tally(watch.alerts, watch.firing) for case, watch in known.watches.items()})
    beginning: dict[str, Step] = {}
    for signal, target in sorted(signals, key=lambda given: min(given[0].episode or now, now)):
        step = beginning.get(signal.identity)
        if step is not None:  # several signals of an alert that has no case yet
            made.steps.append(Step(signal, Action.KNOWN, target, step.case))
        elif (alert := known.alerts.get(signal.identity)) is not None:
            _again(made, signal, target, alert, known.cases[alert.case], now)
            if made.steps[-1].action is Action.FOLLOWS_UP:
                beginning[signal.identity] = made.steps[-1]
        elif signal.firing:
            beginning[signal.identity] = Step(signal, Action.OPENS, target)
            made.steps.append(beginning[signal.identity])
        else:
            made.steps.append(Step(signal, Action.RECORDED, target))
    _join(made, known, now)
    quiet = {case for case, tally in made.tallies.items() if tally.changed and not tally.firing and not tally.left}
    made.recovered = {case for case in quiet if known.watches[case].firing}
    return made


def _again(made: Plan, signal: Signal, target: Target, alert: Alert, case: Case, now: datetime) -> None:
    """Plan a signal of an alert that has a case."""
    before, tally = made.seen.get(signal.identity, alert.seen), made.tallies[alert.case]
    began, ended = signal.started_at or now, signal.ended_at or now
    seen = before.fires(signal.episode, began, now) if signal.firing else before.recovers(signal.episode, ended, now)
    after, what = seen
    if what is Sighting.EPISODE and not case.takes_alerts(now):
        tally.alerts, tally.firing = tally.alerts - 1, tally.firing - before.firing
        tally.changed = tally.left = True
        made.steps.append(Step(signal, Action.FOLLOWS_UP, target, follow_up_of=case.number))
        return
    if what is not Sighting.KNOWN:
        made.seen[signal.identity] = after
    if what in (Sighting.EPISODE, Sighting.RECOVERED):
        tally.count(before, after)
    action = Action(what) if what is not Sighting.EPISODE else Action.REOPENS if case.resolution else Action.APPENDED
    if what is Sighting.EPISODE:
        made.fired.setdefault(alert.case, []).append(FiredAlert(signal.identity, after.episodes[-1].started_at))
    made.steps.append(Step(signal, action, target, alert.case))


def _join(made: Plan, known: Situation, now: datetime) -> None:
    """Let new alerts join the open case of others in the message that are of the same service."""
    reopened = {step.case for step in made.steps if step.action is Action.REOPENS}
    beside = {step.case for step in made.steps if step.case}
    open_ = [
        n for n in beside if n in reopened or (known.cases[n].resolution is None and known.cases[n].takes_alerts(now))
    ]
    hosts = {known.cases[number].service: number for number in sorted(open_, reverse=True)}
    for step in made.steps:
        host = hosts.get(step.target.service)
        if step.action is not Action.OPENS or host is None or made.tallies[host].alerts >= MOST_ALERTS:
            continue
        step.action = Action.JOINS
        made.begins(step, host, now)
