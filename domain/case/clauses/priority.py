"""SOP 5.4: impact and severity set the priority, by a matrix that is policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.aggregate import Recorded
from domain.calendar import SupportCalendar
from domain.case.clauses.major_incident import record_nomination
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import targets
from domain.case.terms import Major
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor, Disclosure, Level, Provenance, Role

NOMINATES = Actor("system:priority", Role.SYSTEM)
"""The actor that nominates a case of priority 1."""


@dataclass(frozen=True)
class Assessment:
    """Impact and severity (R-5.4a), and the priority with which a person overrides the matrix (R-5.4b)."""

    impact: Level
    severity: Level
    override: int | None = None


class Prioritized(Recorded):
    """The case was assessed, or assessed anew."""

    TOPIC = "case.prioritized"
    impact: Level
    severity: Level
    priority: int
    matrix: str
    computed: int | None = None
    """The priority of the matrix, where it was overridden."""
    policy: str | None = None
    respond_by: datetime | None = None
    resolve_by: datetime | None = None
    calendar: SupportCalendar | None = None
    """The calendar of the targets; None before 0.5.0, where it was the policy's."""
    respond_warning_at: datetime | None = None
    resolve_warning_at: datetime | None = None
    """When the share of the target has passed after which the policy warns; None before 0.5.0."""

    def _fold(self, case: CaseState) -> None:
        case.calendar = self.calendar
        case.respond_by, case.respond_warning_at = self.respond_by, self.respond_warning_at
        case.resolve_by, case.resolve_warning_at = self.resolve_by, self.resolve_warning_at
        case.impact, case.severity = self.impact, self.severity
        case.priority, case.matrix = self.priority, self.matrix
        if case.status in (Status.LOGGED, Status.TRIAGED):  # from `logged` only in imported history
            case.status = Status.PRIORITIZED


class Priority(CaseState):
    """How urgent the case is."""

    def prioritize(
        self,
        assessment: Assessment,
        policy: Policy,
        provenance: Provenance,
        *,
        named: SupportCalendar | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Assess the case, or assess it anew until it closes (R-5.4c). Priority 1 nominates itself as major (R-5.7b).

        ``named`` is the calendar of the service or the team (R-4.1a). An override needs a reason (R-5.4b).
        Raises InvalidTransition, Invalid.
        """
        self.allow("prioritize", provenance)
        computed = policy.matrix.priority(assessment.impact, assessment.severity)
        overridden = assessment.override is not None and assessment.override != computed
        if overridden and reason is None:
            raise Invalid("An override needs a reason (R-5.4b).", "/override/reason")
        before = self.priority
        priority = assessment.override if overridden and assessment.override else computed
        since, until = self.settled_since(policy), self.resolved_at
        pauses = self.pauses if since is None or until is None else (*self.pauses, (since, until))
        support = policy.support(priority, named)
        by = targets(priority, self.received_at, pauses, policy, support)
        self.record(
            Prioritized,
            provenance,
            impact=assessment.impact,
            severity=assessment.severity,
            priority=priority,
            matrix=policy.matrix.version,
            computed=computed if overridden else None,
            policy=policy.version,
            **vars(by),
            calendar=support,
            reason=reason,
        )
        nominated = self.major in (Major.NOMINATED, Major.DECLARED)
        if priority == 1 and before != 1 and not nominated and self.status is not Status.RESOLVED:
            record_nomination(self, policy, replace(provenance, by=NOMINATES))


EVENTS = (Prioritized,)
