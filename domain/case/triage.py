"""SOP 5.3: does it belong to us, or to another agency's help desk?"""

from __future__ import annotations

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.values import Disclosure, Provenance


class Triaged(Recorded):
    TOPIC = "case.triaged"
    owner: str

    def apply(self, case: CaseState) -> None:
        case.status = Status.TRIAGED


class Triage(CaseState):
    def triage(self, owner: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record that the case is ours (R-5.3a). Raises InvalidTransition."""
        self.allow("triage", provenance)
        self.record(Triaged, provenance, owner=owner, reason=reason)


EVENTS = (Triaged,)
