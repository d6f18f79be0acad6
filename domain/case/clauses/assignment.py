"""SOP 5.7: what the desk cannot resolve goes to the appropriate service team."""

from __future__ import annotations

from domain.aggregate import Recorded
from domain.case.clauses.diagnosis import Diagnosis
from domain.case.obligations import handed_to
from domain.case.state import CaseState
from domain.case.status import Status
from domain.errors import DiagnosisRequired, ServiceRequired
from domain.obligation import Obligation
from domain.values import Disclosure, Provenance


class Assigned(Recorded):
    TOPIC = "case.assigned"
    team: str
    technician: str | None = None
    words: Disclosure | None = None
    """The diagnosis, so that the team need not ask again (R-5.7a)."""
    owed: tuple[Obligation, ...] = ()
    """What this team owes from here on, and another one or the desk did before."""

    def apply(self, case: CaseState) -> None:
        case.team, case.technician, case.ever_assigned = self.team, self.technician, True
        case.symptomatic = case.symptomatic or self.words is not None
        case.worked(self.timestamp)
        if case.status not in (Status.RESOLVED, Status.CLOSED):  # imported rows may re-assign a resolved case
            case.status = Status.ASSIGNED

    def owes(self) -> tuple[Obligation, ...]:
        return self.owed


class Accepted(Recorded):
    TOPIC = "case.accepted"
    technician: str

    def apply(self, case: CaseState) -> None:
        case.technician = self.technician


class HandedBack(Recorded):
    TOPIC = "case.handed_back"
    team: str
    owed: tuple[Obligation, ...] = ()
    """What the desk owes from here on, and the team did before."""

    def apply(self, case: CaseState) -> None:
        case.status, case.team, case.technician = Status.IN_DIAGNOSIS, None, None
        case.hand_backs += 1
        case.worked(self.timestamp)

    def owes(self) -> tuple[Obligation, ...]:
        return self.owed


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
        owed = handed_to(self, team)
        self.record(Assigned, provenance, team=team, technician=technician, words=words, owed=owed, reason=reason)

    def accept(self, provenance: Provenance) -> None:
        """A member of the team takes the case (an optional step). Raises InvalidTransition."""
        self.allow("accept", provenance)
        self.record(Accepted, provenance, technician=provenance.by.subject)

    def hand_back(self, reason: Disclosure, provenance: Provenance) -> None:
        """The team returns the case to the desk; hand-backs are counted (R-5.7a). Raises InvalidTransition."""
        self.allow("hand_back", provenance)
        self.record(HandedBack, provenance, team=self.team, owed=handed_to(self, None), reason=reason)


EVENTS = (Assigned, Accepted, HandedBack)
