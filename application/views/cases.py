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

from application.views.columns import Columns
from domain.aggregate import Recorded
from domain.case.clauses.dispute import Reopened
from domain.case.clauses.logging import Corrected, Logged
from domain.case.clauses.pending import Pended, Resumed
from domain.case.clauses.relations import Unlinked
from domain.case.clauses.resolution import NO_INCIDENT, Resolved
from domain.case.state import CaseState
from domain.case.status import Status
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
        "external_ref",
    ),
    fold=("episodes", "paused_seconds", "settled_seconds", "worded"),
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
    },
)
"""The columns of a case as it is now, beside its key and its points."""

PAST = (
    *("status", "queue", "service", "team", "technician", "agency", "nature", "external_ref", "priority", "impact"),
    *("severity", "major", "pending_reason", "pending_since", "respond_by", "resolve_by", "resolved_at"),
    *("resolution_code", "problem", "dispute_until", "suspected_at", "closed_at", "reopenings", "hand_backs"),
    *("failed_fixes", "worded"),
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
class Episode:
    """One stay in `resolved`, as the reports on resolution and reopening count it. Durations are in seconds."""

    case_id: UUID
    episode: int
    number: str
    position: int
    resolved_at: datetime
    received_at: datetime
    net_seconds: float
    code: str
    cause_corrected: str
    problem: str | None
    verifier: str | None
    first_contact: bool
    first_resolved_at: datetime | None = None
    """When the case was first resolved as an incident, up to this stay."""
    superseded: bool = False
    """Whether another stay follows."""
    ended_position: int | None = None
    ended_at: datetime | None = None
    reopened: bool | None = None
    reopened_after_closure_position: int | None = None
    reopened_after_closure_at: datetime | None = None
    source_position: int | None = None
    source_seconds: float | None = None


@dataclass
class CaseFold:
    """One case while events fold into it, in order of position."""

    state: CaseState
    now: Interval | None = None
    paused_seconds: float = 0.0
    settled_seconds: float = 0.0
    episodes: int = 0
    worded: int = 0
    """The version of the event that has the latest subject line."""
    episode: Episode | None = None
    """The latest stay in `resolved`; None before the first."""
    closed: list[Interval] = field(default_factory=list)
    """Intervals that these events ended."""
    touched: list[Episode] = field(default_factory=list)

    def fold(self, event: Recorded, position: int) -> None:
        """Apply an event. An interval never starts before the one before it, whatever an imported clock said."""
        state, before = self.state, self.now
        at = event.timestamp if before is None else max(event.timestamp, before.since)
        was, pause = state.status if before else None, state.pending
        resolved_at = state.resolved_at
        event.apply(state)
        self._keep_clocks(event, at, was, pause, resolved_at, position)
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

    def _keep_clocks(
        self,
        event: Recorded,
        at: datetime,
        was: Status | None,
        pause: PendingMark | None,
        resolved_at: datetime | None,
        position: int,
    ) -> None:
        """Keep pauses and stays in `resolved`: the time to resolve is net of both (kpis.md)."""
        state = self.state
        if pause is not None and state.pending is not pause and _paused(event, pause):
            self.paused_seconds += max(0.0, (at - pause.since).total_seconds())
        if isinstance(event, Resolved):
            self.episodes += 1
            net = (event.resolved_at - state.received_at).total_seconds() - self.paused_seconds - self.settled_seconds
            before = self.episode
            first = before.first_resolved_at if before is not None else None
            if before is not None:
                before.superseded = True
                self._touch(before)
            if first is None and event.code not in NO_INCIDENT:
                first = event.resolved_at
            self._touch(
                Episode(
                    event.originator_id,
                    self.episodes,
                    state.number,
                    position,
                    event.resolved_at,
                    state.received_at,
                    net,
                    event.code,
                    event.cause_corrected,
                    event.problem,
                    event.verifier,
                    event.first_contact,
                    first,
                )
            )
        elif was is Status.RESOLVED and state.status is not Status.RESOLVED and self.episode is not None:
            self.episode.ended_position, self.episode.ended_at = position, at
            self.episode.reopened = isinstance(event, Reopened)
            self._touch(self.episode)
        elif was is Status.CLOSED and isinstance(event, Reopened) and self.episode is not None:
            self._keep_reopening(self.episode, position, at)
        resumed = isinstance(event, Reopened) or (isinstance(event, Unlinked) and event.settled_since is not None)
        if resumed and resolved_at is not None:
            self.settled_seconds += max(0.0, (at - resolved_at).total_seconds())
        if event.origin is not None and event.origin.outcome is not None and self.episode is not None:
            outcome = event.origin.outcome
            if outcome.resolved_at is not None and outcome.opened_at is not None:
                self.episode.source_position = position
                self.episode.source_seconds = (outcome.resolved_at - outcome.opened_at).total_seconds()
                self._touch(self.episode)

    def _keep_reopening(self, episode: Episode, position: int, at: datetime) -> None:
        """Keep only the first reopening after a closure: imported cases close and reopen without a resolution between."""
        if episode.reopened_after_closure_position is None:
            episode.reopened_after_closure_position, episode.reopened_after_closure_at = position, at
            self._touch(episode)

    def _touch(self, episode: Episode) -> None:
        self.episode = episode
        if not self.touched or self.touched[-1] is not episode:
            self.touched.append(episode)


def _paused(event: Recorded, wait: PendingMark) -> bool:
    """Whether a wait stopped the clock, by the event that ended it. Reports and targets agree on it (R-5.4c).

    Events before 0.5.0 do not say; there a wait for the customer stopped the clock.
    """
    frozen = event.paused if isinstance(event, Pended | Resumed | Resolved) else None
    return wait.reason is PendingReason.CUSTOMER if frozen is None else frozen


def new_fold(event: Recorded) -> CaseFold:
    """Begin the fold of a case with its first event. Raises TypeError for any other event."""
    if not isinstance(event, Logged):
        raise TypeError(f"{event.TOPIC} is no opening event, and case {event.originator_id} is unknown to the view")
    state = CaseState()
    state.begin()
    return CaseFold(state)


def resume_fold(now: Interval, row: Mapping[str, Any], episode: Episode | None) -> CaseFold:
    """Resume a fold from the row it left. The row has every part of the state that later events read."""
    fold = CaseFold(CaseState(), now, episode=episode)
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
    state.source_system = "import" if row["imported"] else None
    return fold
