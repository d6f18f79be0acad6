"""The temporal view of cases: a row for each case as it is now, and one for each interval that an event ended.

An event is applied to the same state that a replay applies it to, so view and aggregate cannot disagree. The fold also
keeps figures that only reports need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import floor
from operator import itemgetter
from typing import Any
from uuid import UUID

from application.views.case_facts import Facts, Happening, happenings
from application.views.columns import Columns
from application.views.episodes import Clocks, Episode
from application.views.policy_history import PolicyHistory
from domain.aggregate import Recorded
from domain.calendar import AROUND_THE_CLOCK
from domain.case.clauses.logging import Corrected, Logged
from domain.case.clauses.priority import Prioritized
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import WatchedTarget, next_target, watched
from domain.case.terms import CauseCorrected, LegalHold, Major, PendingMark, PendingReason, Resolution, ResolutionCode
from domain.values import Channel, Level, Nature

_DESK_QUEUES = {
    Status.LOGGED: "triage",
    Status.TRIAGED: "prioritization",
    Status.PRIORITIZED: "diagnosis",
    Status.IN_DIAGNOSIS: "diagnosis",
    Status.RESOLVED: "resolved",
}


def queue_of(state: CaseState) -> str | None:
    """The queue a case stands in: one of the desk's by status, the team's once assigned, none when closed."""
    return state.team if state.status is Status.ASSIGNED else _DESK_QUEUES.get(state.status)


COLUMNS = Columns(
    state=(
        *("number", "status", "received_at", "resolved_at", "closed_at", "dispute_until", "suspected_at"),
        *("respond_by", "resolve_by", "service", "team", "technician", "customer", "agency", "channel", "nature"),
        *("priority", "impact", "severity", "major", "resolution_version", "reopenings", "hand_backs", "failed_fixes"),
        *("external_ref", "responded_at", "respond_warning_at", "resolve_warning_at"),
    ),
    fold=("episodes", "paused_seconds", "settled_seconds", "worded", "always"),
    parse={
        "status": Status,
        "channel": Channel,
        "nature": Nature,
        "impact": Level,
        "severity": Level,
        "major": Major,
    },
    derived={
        "queue": queue_of,
        "closes_at": lambda case: case.closes_at,
        "pending_reason": lambda case: case.pending and case.pending.reason,
        "pending_since": lambda case: case.pending and case.pending.since,
        "held_since": lambda case: case.hold and case.hold.since,
        "resolution_code": lambda case: case.resolution and case.resolution.code,
        "problem": lambda case: case.resolution and case.resolution.problem,
        "imported": lambda case: case.source_system is not None,
        "due_at": next_target,
    },
)
"""The columns of a case as it is now, beside its key and its points."""

PAST = (
    *("status", "queue", "service", "team", "technician", "agency", "nature", "external_ref", "priority", "impact"),
    *("severity", "major", "pending_reason", "pending_since", "respond_by", "resolve_by", "resolved_at"),
    *("resolution_code", "problem", "dispute_until", "suspected_at", "closed_at", "reopenings", "hand_backs"),
    *("failed_fixes", "worded", "always", "due_at"),
)
"""The columns of an ended interval. What never changes, or serves only the present, stands in the case's own row."""

UNPRIORITIZED = 9
"""Where a case without a priority stands in a queue: after the others."""
RECEIVED_BITS = 36
"""Bits of the time of receipt in a rank."""


def rank(priority: int | None, received_at: datetime) -> int:
    """The place in a queue as one number: by priority, then by the second of receipt."""
    return ((priority or UNPRIORITIZED) << RECEIVED_BITS) + floor(received_at.timestamp())


@dataclass
class Interval:
    """A case between two of its events: from one position, and one moment, to the next.

    A stay is what a case spends in one queue at one priority: one or more intervals.
    """

    case_id: UUID
    version: int
    position: int
    since: datetime
    stay_position: int
    stay_since: datetime
    values: tuple[Any, ...]
    until_position: int | None = None
    until: datetime | None = None
    ends_stay: bool = False

    @property
    def place(self) -> tuple[Any, ...]:
        """Queue and priority."""
        place: tuple[Any, ...] = _place(self.values)
        return place


_place = itemgetter(COLUMNS.names.index("queue"), COLUMNS.names.index("priority"))


@dataclass
class CaseFold(Clocks):
    """One case while events fold into it, in order of position."""

    now: Interval | None = None
    worded: int = 0
    """The version of the event that has the latest subject line."""
    always: bool = False
    """Whether the case's calendar is around the clock, by its latest assessment (R-4.1a)."""
    closed: list[Interval] = field(default_factory=list)
    """Intervals that these events ended."""
    happened: list[Happening] = field(default_factory=list)
    targets: tuple[WatchedTarget, ...] = ()
    """The targets that its clock ran towards, or had run past, before these events."""

    def fold(self, event: Recorded, position: int) -> None:
        """Apply an event. An interval never starts before the one before it, whatever an imported clock said."""
        state, before = self.state, self.now
        at = event.timestamp if before is None else max(event.timestamp, before.since)
        was, pause = state.status if before else None, state.pending
        resolved_at, team = state.resolved_at, state.team
        event.apply(state)
        self.keep_clocks(event, at, was, pause, resolved_at, position)
        self.facts.keep(event, at, position, was, state, self.policies)
        self.happened += happenings(event, at, position, state, team)
        if isinstance(event, Prioritized):
            support = event.calendar or self.policies.at(position).support(event.priority, None)
            self.always = support.name == AROUND_THE_CLOCK
        if isinstance(event, Logged) or (isinstance(event, Corrected) and event.field == "subject"):
            self.worded = event.originator_version
        values = COLUMNS.values(self)
        self.now = Interval(event.originator_id, event.originator_version, position, at, position, at, values)
        if before is not None:
            self._end(before, self.now)

    def _end(self, before: Interval, now: Interval) -> None:
        before.until_position, before.until = now.position, now.since
        before.ends_stay = before.place != now.place
        if not before.ends_stay:
            now.stay_position, now.stay_since = before.stay_position, before.stay_since
        self.closed.append(before)


def new_fold(event: Recorded, policies: PolicyHistory | None = None) -> CaseFold:
    """Begin the fold of a case with its first event. Raises TypeError for any other event."""
    if not isinstance(event, Logged):
        raise TypeError(f"{event.TOPIC} is no opening event, and case {event.originator_id} is unknown to the view")
    state = CaseState()
    state.begin()
    return CaseFold(state, Facts(event.timestamp), policies or PolicyHistory())


def resume_fold(
    now: Interval, row: Mapping[str, Any], episode: Episode | None, facts: Facts, policies: PolicyHistory
) -> CaseFold:
    """Resume a fold from the rows it left. They have every part of the state that later events read."""
    fold = CaseFold(CaseState(), facts, policies, episode=episode, now=now)
    state = fold.state
    state.begin()
    COLUMNS.restore(fold, row)
    if row["pending_reason"] is not None:
        state.pending = PendingMark(PendingReason(row["pending_reason"]), row["pending_since"])
    if row["resolution_code"] is not None:  # the episode has the rest of the resolution
        code = ResolutionCode(row["resolution_code"])
        state.resolution = Resolution(code, False, CauseCorrected.NOT_RECORDED, row["problem"])
    if row["held_since"] is not None:  # no view keeps who approved the hold
        state.hold = LegalHold(row["held_since"], "")
    state.responded_at = facts.responded_at
    state.source_system = "import" if row["imported"] else None
    fold.targets = tuple(watched(state))
    return fold
