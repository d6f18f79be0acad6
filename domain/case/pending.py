"""The mark on a case that waits for somebody: not a status, but the clock may stand still under it."""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.state import CaseState, Pending, PendingReason
from domain.errors import InvalidTransition
from domain.values import Disclosure, Provenance


class Pended(Recorded):
    TOPIC = "case.pended"
    reason_code: PendingReason
    since: datetime
    note: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.pending = Pending(self.reason_code, self.since)


class Resumed(Recorded):
    TOPIC = "case.resumed"

    def apply(self, case: CaseState) -> None:
        case.pending = None


class Waiting(CaseState):
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

    def resume(self, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Take the mark off. Raises InvalidTransition when the case does not wait."""
        self.allow("resume", provenance)
        if self.pending is None:
            raise InvalidTransition("resume", "not pending")
        self.record(Resumed, provenance, reason=reason)


EVENTS = (Pended, Resumed)
