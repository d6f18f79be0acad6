"""The mark on a case that waits for somebody: not a status, but the clock may stand still under it."""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.priority import Priority
from domain.case.state import CaseState, Pending, PendingReason
from domain.case.targets import end_of_wait, paused_since
from domain.errors import InvalidTransition
from domain.policy import Policy
from domain.values import Disclosure, Provenance


class Pended(Recorded):
    TOPIC = "case.pended"
    reason_code: PendingReason
    since: datetime
    note: Disclosure | None = None
    paused_since: datetime | None = None
    """Since when the clock stood still under the wait that this one replaces, where it did: in imported history only."""
    paused: bool | None = None
    """Whether it did; None where nothing is replaced, and before 0.5.0."""

    def apply(self, case: CaseState) -> None:
        if self.paused_since is not None:
            case.pauses = (*case.pauses, (self.paused_since, self.since))
        case.pending = Pending(self.reason_code, self.since)


class Resumed(Recorded):
    TOPIC = "case.resumed"
    paused_since: datetime | None = None
    """Since when the clock stood still, where it did."""
    paused: bool | None = None
    """Whether it did (`targets.py`); None before 0.5.0, where reports count a wait for the customer."""
    resolve_by: datetime | None = None

    def apply(self, case: CaseState) -> None:
        case.pending = None
        if self.paused_since is not None:
            case.pauses = (*case.pauses, (self.paused_since, self.timestamp))
        case.resolve_by = self.resolve_by or case.resolve_by


class Waiting(Priority):
    def pend(
        self,
        waiting_for: PendingReason,
        provenance: Provenance,
        *,
        note: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Mark the case as waiting. Raises InvalidTransition, also when it waits already."""
        self.allow("pend", provenance)
        if self.pending is not None:
            raise InvalidTransition("pend", "pending already")
        self.record(Pended, provenance, reason_code=waiting_for, since=provenance.at, note=note, reason=reason)

    def resume(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Take the mark off; a pause moves the target (R-5.4c). Raises InvalidTransition when the case does not wait."""
        self.allow("resume", provenance)
        if self.pending is None:
            raise InvalidTransition("resume", "not pending")
        wait = end_of_wait(self, policy, provenance.at)
        self.record(Resumed, provenance, **wait, paused_since=paused_since(self, policy), reason=reason)


EVENTS = (Pended, Resumed)
