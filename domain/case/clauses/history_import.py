"""History of another system: recorded as it was, with its deviations from the desk's rules, never invented.

One row of a source's log is one observation of a case. A change since the row before becomes the event of its clause.
The event's origin keeps the rest of the row readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.clauses.assignment import Assigned
from domain.case.clauses.closure import Closed
from domain.case.clauses.dispute import Reopened
from domain.case.clauses.pending import Pended, Resumed
from domain.case.clauses.priority import Prioritized
from domain.case.clauses.resolution import Resolved
from domain.case.obligations import ended_by_closing, handed_to, owed_again
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import end_of_rest, end_of_wait, paused_since
from domain.case.terms import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.policy import Policy
from domain.values import Disclosure, Level, Provenance

_NOT_RECORDED = Resolution(ResolutionCode.NOT_RECORDED, workaround=False, cause_corrected=CauseCorrected.NOT_RECORDED)


@dataclass(frozen=True)
class Observation:
    """The part of a row that the clauses cover."""

    status: Status | None
    """`resolved`, `closed`, or `in_diagnosis` for every state of work; None where it is not understood."""
    waiting_for: PendingReason | None = None
    impact: Level | None = None
    severity: Level | None = None
    priority: int | None = None
    team: str | None = None
    technician: str | None = None
    words: Disclosure | None = None
    """Free text of the row, which no event may hold."""
    undated: bool = False
    """Whether the source does not tell when the assessment and the team were set."""


class Imported(Recorded):
    """A row that changed nothing which a clause covers, or the text of a row. Its origin holds the row."""

    TOPIC = "case.imported"


class PriorityImported(Recorded):
    """An assessment of which the other system records a part only. What is None stays as it was."""

    TOPIC = "case.priority_imported"
    impact: Level | None = None
    severity: Level | None = None
    priority: int | None = None

    def _fold(self, case: CaseState) -> None:
        case.impact, case.severity = self.impact or case.impact, self.severity or case.severity
        case.priority = self.priority or case.priority
        if self.priority is not None and case.status is Status.LOGGED:
            case.status = Status.PRIORITIZED


class HistoryImport(CaseState):
    """Rows of another system's log as events."""

    def observe(
        self,
        seen: Observation,
        policy: Policy,
        at: datetime,
        provenances: Iterator[Provenance],
        *,
        opening: bool = False,
    ) -> None:
        """Record what a row changed, each event under the next provenance. The first of a row carries the row itself.

        A row that changed nothing is kept as `Imported`, unless it is ``opening`` the case.
        """
        before = self.version
        undated = ("time_not_recorded",) if seen.undated else ()
        self._observe_priority(seen, policy, provenances, undated)
        if seen.team is not None and (seen.team, seen.technician) != (self.team, self.technician):
            told = {"team": seen.team, "technician": seen.technician, "owed": handed_to(self, seen.team)}
            self.record(Assigned, next(provenances), **told, deviations=undated)
        if seen.status is Status.CLOSED:
            self._observe_closed(policy, at, provenances)
        elif seen.status is Status.RESOLVED:
            self._observe_resolved(policy, at, provenances)
        elif seen.status is not None:
            self._observe_open(seen.waiting_for, policy, at, provenances)
        if seen.words is not None or (self.version == before and not opening):
            self.record(Imported, next(provenances), reason=seen.words)

    def _observe_priority(
        self, seen: Observation, policy: Policy, provenances: Iterator[Provenance], undated: tuple[str, ...]
    ) -> None:
        """Record an assessment that differs from the one before, in what the row tells of it."""
        told = {"impact": seen.impact, "severity": seen.severity, "priority": seen.priority}
        if all(value in (None, getattr(self, name)) for name, value in told.items()):
            return
        if seen.impact is None or seen.severity is None:
            missing = tuple(f"{name}_not_recorded" for name, value in told.items() if value is None)
            self.record(PriorityImported, next(provenances), **told, deviations=(*missing, *undated))
            return
        computed = policy.matrix.priority(seen.impact, seen.severity)
        agrees = seen.priority in (None, computed)
        skipped = "priority_not_recorded" if seen.priority is None else "priority_not_by_matrix"
        self.record(
            Prioritized,
            next(provenances),
            impact=seen.impact,
            severity=seen.severity,
            priority=seen.priority or computed,
            matrix=policy.matrix.version,
            computed=None if agrees else computed,
            deviations=(*(() if seen.priority == computed else (skipped,)), *undated),
        )

    def _observe_closed(self, policy: Policy, at: datetime, provenances: Iterator[Provenance]) -> None:
        if self.status is Status.CLOSED:
            return
        skipped = () if self.status is Status.RESOLVED else ("closed_without_resolution",)
        deviations = ("confirmation_not_recorded", *skipped)
        ended = ended_by_closing(self)
        self.record(Closed, next(provenances), closed_at=at, policy=policy.version, ended=ended, deviations=deviations)

    def _observe_resolved(self, policy: Policy, at: datetime, provenances: Iterator[Provenance]) -> None:
        if self.status is Status.CLOSED:
            self._observe_open(None, policy, at, provenances)
        if self.status is not Status.RESOLVED:
            deviations = ("verification_not_recorded", "problem_link_not_recorded")
            told = {**vars(_NOT_RECORDED), "resolved_at": at, **end_of_wait(self, policy, at)}
            self.record(Resolved, next(provenances), **told, deviations=deviations)

    def _observe_open(
        self, waiting_for: PendingReason | None, policy: Policy, at: datetime, provenances: Iterator[Provenance]
    ) -> None:
        if self.status in (Status.RESOLVED, Status.CLOSED):
            status = Status.ASSIGNED if self.team else Status.IN_DIAGNOSIS
            after = ("reopened_after_closure",) if self.status is Status.CLOSED else ()
            deviations = ("dispute_not_recorded", *after)
            told = {"owed": owed_again(self, status, policy, at), **end_of_rest(self, policy, at)}
            self.record(Reopened, next(provenances), status=status, **told, deviations=deviations)
        now = self.pending.reason if self.pending else None
        if waiting_for is None and self.pending is not None:
            wait = {"paused": now in policy.pausing, "paused_since": paused_since(self, policy)}
            self.record(Resumed, next(provenances), **wait)
        elif waiting_for is not None and waiting_for is not now:
            wait = {} if now is None else {"paused": now in policy.pausing, "paused_since": paused_since(self, policy)}
            self.record(Pended, next(provenances), reason_code=waiting_for, since=at, **wait)


EVENTS = (Imported, PriorityImported)
