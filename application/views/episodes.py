"""The clocks of a case: its stays in `resolved`, and the times in which the clock to resolve stood still (kpis.md).

Durations are in seconds. Business time runs by the hours of the policy that was in force when something happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from application.views.case_facts import Facts, business_seconds
from application.views.policy_history import PolicyHistory
from domain.aggregate import Recorded
from domain.case.clauses.dispute import Reopened
from domain.case.clauses.pending import Pended, Resumed
from domain.case.clauses.relations import Unlinked
from domain.case.clauses.resolution import NO_INCIDENT, Resolved
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import PendingMark, PendingReason


@dataclass
class Episode:
    """One stay in `resolved`. Its durations run from the receipt of the case to its resolution."""

    case_id: UUID
    episode: int
    number: str
    position: int
    resolved_at: datetime
    received_at: datetime
    net_seconds: float
    """Elapsed, less pauses and earlier stays."""
    business_seconds: float | None
    """The same in business time."""
    code: str
    cause_corrected: str
    problem: str | None
    verifier: str | None
    first_contact: bool
    first_resolved_at: datetime | None = None
    """When the case was first resolved as an incident, up to this stay."""
    first_net_seconds: float | None = None
    first_business_seconds: float | None = None
    superseded: bool = False
    """Whether another stay follows."""
    ended_position: int | None = None
    ended_at: datetime | None = None
    reopened: bool | None = None
    disputed_position: int | None = None
    """Where a dispute took the case up again, from this stay or from the closure after it."""
    reopened_after_closure_position: int | None = None
    reopened_after_closure_at: datetime | None = None
    source_position: int | None = None
    source_seconds: float | None = None


@dataclass
class Clocks:
    """The clocks of one case while events fold into it."""

    state: CaseState
    facts: Facts
    policies: PolicyHistory
    paused_seconds: float = 0.0
    settled_seconds: float = 0.0
    episodes: int = 0
    episode: Episode | None = None
    """The latest stay in `resolved`; None before the first."""
    touched: list[Episode] = field(default_factory=list)

    def keep_clocks(
        self,
        event: Recorded,
        at: datetime,
        was: Status | None,
        pause: PendingMark | None,
        resolved_at: datetime | None,
        position: int,
    ) -> None:
        """Keep pauses and stays: the time to resolve is net of both. The status, wait and resolution are those before."""
        state = self.state
        if pause is not None and state.pending is not pause and _paused(event, pause):
            self.paused_seconds += self._stood_still(pause.since, at)
        if isinstance(event, Resolved):
            self._begin(event, position)
        elif was is Status.RESOLVED and state.status is not Status.RESOLVED and self.episode is not None:
            self.episode.ended_position, self.episode.ended_at = position, at
            self.episode.reopened = isinstance(event, Reopened)
            self._keep_dispute(event, self.episode, position)
            self._touch(self.episode)
        elif was is Status.CLOSED and isinstance(event, Reopened) and self.episode is not None:
            self._keep_reopening(event, self.episode, position, at)
        resumed = isinstance(event, Reopened) or (isinstance(event, Unlinked) and event.settled_since is not None)
        if resumed and resolved_at is not None:
            self.settled_seconds += self._stood_still(resolved_at, at)
        if event.origin is not None and event.origin.outcome is not None and self.episode is not None:
            outcome = event.origin.outcome
            if outcome.resolved_at is not None and outcome.opened_at is not None:
                self.episode.source_position = position
                self.episode.source_seconds = (outcome.resolved_at - outcome.opened_at).total_seconds()
                self._touch(self.episode)

    def _stood_still(self, since: datetime, until: datetime) -> float:
        self.facts.stood_still(since, until)
        return max(0.0, (until - since).total_seconds())

    def _begin(self, event: Resolved, position: int) -> None:
        state, before = self.state, self.episode
        self.episodes += 1
        net = (event.resolved_at - state.received_at).total_seconds() - self.paused_seconds - self.settled_seconds
        hours = self.policies.at(position).business
        business = business_seconds(hours, state.received_at, event.resolved_at, self.facts.pauses)
        first: tuple[datetime | None, float | None, float | None] = (None, None, None)
        if before is not None:
            first = (before.first_resolved_at, before.first_net_seconds, before.first_business_seconds)
            before.superseded = True
            self._touch(before)
        if first[0] is None and event.code not in NO_INCIDENT:
            first = (event.resolved_at, net, business)
        said = (event.code, event.cause_corrected, event.problem, event.verifier, event.first_contact)
        case = (event.originator_id, self.episodes, state.number, position, event.resolved_at, state.received_at)
        self._touch(Episode(*case, net, business, *said, *first))

    def _keep_reopening(self, event: Reopened, episode: Episode, position: int, at: datetime) -> None:
        """Keep only the first reopening after a closure: imported cases close and reopen without a resolution between."""
        if episode.reopened_after_closure_position is None:
            episode.reopened_after_closure_position, episode.reopened_after_closure_at = position, at
            self._keep_dispute(event, episode, position)
            self._touch(episode)

    @staticmethod
    def _keep_dispute(event: Recorded, episode: Episode, position: int) -> None:
        """Imported history names no other cause of a reopening than a dispute."""
        if isinstance(event, Reopened) and (event.disputed or event.origin is not None):
            episode.disputed_position = episode.disputed_position or position

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
