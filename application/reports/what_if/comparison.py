"""One case under another policy, beside what was. Decisions that people took stay as they took them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from application.reports.what_if.history import CaseHistory, Ending, Window
from domain.calendar import AROUND_THE_CLOCK, SupportCalendar
from domain.case.clauses.resolution import NO_INCIDENT
from domain.policy import Policy
from domain.values import Level


class Kept(StrEnum):
    """How a target was kept."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"
    """Neither yet."""


@dataclass(frozen=True)
class Target:
    """One target of a case: as it was kept, and as it would have been."""

    was: Kept
    would: Kept


@dataclass(frozen=True)
class Outcome:
    """What the case comes to under the other policy."""

    number: str
    priority: int | None
    would_priority: int | None
    respond: Target | None
    """None for a case without targets, and for one that is no incident."""
    resolve: Target | None
    calendar_assumed: bool
    """Whether the calendar of its service is not on the record, because its target ran around the clock."""


@dataclass(frozen=True)
class Closing:
    """The timer's closure of one window: when it came, and when it would have come. None: not by ``now``."""

    was: datetime | None
    would: datetime | None


class Under:
    """Another policy, and how cases would have gone under it."""

    def __init__(self, policy: Policy, history: Sequence[tuple[int, Policy]], now: datetime) -> None:
        """``history`` has each policy of the past with the position since which it was in force, in order."""
        self._policy, self._history, self._now = policy, history, now
        past = [each for _, each in history]
        same_clock = all(each.business == policy.business and each.pausing == policy.pausing for each in past)
        self._same = frozenset(
            priority
            for priority, target in enumerate(policy.targets, start=1)
            if same_clock and all(each.targets[priority - 1] == target for each in past)
        )
        """Priorities whose targets no policy ever set otherwise: nothing is to be computed anew."""

    def outcome(self, case: CaseHistory) -> Outcome:
        """Compare one case."""
        would = self.priority(case)
        if case.without_targets or case.priority is None or would is None or case.code in NO_INCIDENT:
            return Outcome(case.number, case.priority, would, None, None, calendar_assumed=False)
        respond_by, resolve_by, assumed = self._targets(case, would)
        return Outcome(
            case.number,
            case.priority,
            would,
            Target(self._kept(case.responded_at, case.respond_by), self._kept(case.responded_at, respond_by)),
            Target(self._kept(case.resolved_at, case.resolve_by), self._kept(case.resolved_at, resolve_by)),
            assumed,
        )

    def priority(self, case: CaseHistory) -> int | None:
        """The priority of its latest assessment. A person's override stays; so does what another desk assessed in part."""
        if case.overridden or case.impact is None or case.severity is None or case.assessed_in_part:
            return case.priority
        return self._policy.matrix.priority(Level(case.impact), Level(case.severity))

    def _targets(self, case: CaseHistory, would: int) -> tuple[datetime | None, datetime | None, bool]:
        if would == case.priority and would in self._same:
            return case.respond_by, case.resolve_by, False
        named, frozen = None, case.calendar
        if frozen is not None and frozen.of != "policy":
            named = frozen
        hidden = frozen is not None and frozen == SupportCalendar(AROUND_THE_CLOCK, "policy")
        support = self._policy.support(would, named)
        assumed = hidden and support.name != AROUND_THE_CLOCK
        target, calendar = self._policy.targets[would - 1], self._policy.named(support.name)
        resolve_by = calendar.add(case.received_at, target.resolve, case.pauses(self._policy))
        return calendar.add(case.received_at, target.respond), resolve_by, assumed

    def _kept(self, done_at: datetime | None, due: datetime | None) -> Kept:
        if due is None:
            return Kept.OPEN
        if done_at is not None:
            return Kept.MET if done_at <= due else Kept.MISSED
        return Kept.OPEN if self._now <= due else Kept.MISSED

    def closings(self, case: CaseHistory) -> Iterable[Closing]:
        """The closures that the timer gave or owes. Those that people gave stay as they are."""
        for window in case.windows:
            would = window.end_under(self._policy)
            if window.ending is Ending.TIMER and window.ended_at is not None:
                late = window.ended_at - window.until
                yield Closing(window.ended_at, self._by_now(would + late))
            elif window.ending is None and not case.closed and would <= self._now < window.until:
                yield Closing(None, would)

    def _by_now(self, at: datetime) -> datetime | None:
        return at if at <= self._now else None

    def too_late(self, case: CaseHistory) -> list[Window]:
        """The windows whose dispute would have been received after their end."""
        return [
            window
            for window in case.windows
            if window.disputed_at is not None
            and window.disputed_at <= window.until
            and window.disputed_at > window.end_under(self._policy)
        ]

    def flagged(self, case: CaseHistory) -> tuple[bool, bool] | None:
        """Whether a person had to decide on a duplicate, and would have; None where no search was recorded."""
        if case.score is None:
            return None
        return case.score >= self._at(case.position).duplicate_threshold, case.score >= self._policy.duplicate_threshold

    def _at(self, position: int) -> Policy:
        """The policy in force at a position."""
        known = [policy for since, policy in self._history if since <= position]
        return known[-1] if known else self._history[0][1]
