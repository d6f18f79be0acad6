"""SOP 5.6: a duplicate goes where its first case goes, however often, and nowhere by itself (R-5.6c)."""

from __future__ import annotations

from domain.case.clauses.closure import Closure
from domain.case.clauses.dispute import Dispute
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.policy import Policy
from domain.values import Provenance


class Duplicates(Dispute, Closure):
    def follow(self, first: CaseState, policy: Policy, provenance: Provenance) -> None:
        """Go where the first case has gone: resolved, reopened and closed with it (R-5.6c).

        Earlier releases let a duplicate be resolved by itself: until that is disputed, it keeps its own window.
        """
        if first.status in SETTLED and self.status not in SETTLED:
            self._resolve_into_first(policy, provenance)
        if not self.continued:
            return
        if first.status is Status.CLOSED and self.status is Status.RESOLVED:
            self._close(policy, provenance, with_first=first.number)
        if first.status not in SETTLED:
            self._reopen(policy, provenance, None, with_first=first.number)
