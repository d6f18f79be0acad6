"""SOP 5.7: what the desk cannot resolve goes to the appropriate service team."""

from __future__ import annotations

from domain.aggregate import Recorded
from domain.case.diagnosis import Diagnosis
from domain.case.state import CaseState
from domain.case.status import Status
from domain.errors import DiagnosisRequired, ServiceRequired
from domain.values import Disclosure, Provenance


class Assigned(Recorded):
    TOPIC = "case.assigned"
    team: str
    technician: str | None = None
    words: Disclosure | None = None
    """The diagnosis, so that the team need not ask again (R-5.7a)."""

    def apply(self, case: CaseState) -> None:
        case.team, case.technician, case.ever_assigned = self.team, self.technician, True
        case.symptomatic = case.symptomatic or self.words is not None
        case.worked(self.timestamp)
        if case.status not in (Status.RESOLVED, Status.CLOSED):  # imported rows may re-assign a resolved case
            case.status = Status.ASSIGNED


class Accepted(Recorded):
    TOPIC = "case.accepted"
    technician: str

    def apply(self, case: CaseState) -> None:
        case.technician = self.technician


class HandedBack(Recorded):
    TOPIC = "case.handed_back"
    team: str

    def apply(self, case: CaseState) -> None:
        case.status, case.team, case.technician = Status.IN_DIAGNOSIS, None, None
        case.hand_backs += 1
        case.worked(self.timestamp)


class Assignment(Diagnosis):
    def assign(
        self,
        team: str,
        provenance: Provenance,
        *,
        technician: str | None = None,
        words: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Assign to a team, and within it to a technician if one is named (R-5.7a).

        Raises PriorityRequired, InvalidTransition, ServiceRequired (R-4.1b), DiagnosisRequired (R-5.5c).
        """
        self.require_priority()
        self.allow("assign", provenance)
        if self.service is None:
            raise ServiceRequired
        if not self.symptomatic and words is None:
            raise DiagnosisRequired
        self.record(Assigned, provenance, team=team, technician=technician, words=words, reason=reason)

    def accept(self, provenance: Provenance) -> None:
        """A member of the team takes the case (an optional step). Raises InvalidTransition."""
        self.allow("accept", provenance)
        self.record(Accepted, provenance, technician=provenance.by.subject)

    def hand_back(self, reason: Disclosure, provenance: Provenance) -> None:
        """The team returns the case to the desk; hand-backs are counted (R-5.7a). Raises InvalidTransition."""
        self.allow("hand_back", provenance)
        self.record(HandedBack, provenance, team=self.team, reason=reason)


EVENTS = (Assigned, Accepted, HandedBack)
