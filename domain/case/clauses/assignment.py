"""SOP 5.7: what the desk cannot resolve goes to the appropriate service team."""

from __future__ import annotations

from domain.aggregate import Recorded
from domain.case.obligations import handed_to
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.errors import DiagnosisRequired, ServiceRequired
from domain.obligation import Obligation
from domain.values import Disclosure, Provenance


class Assigned(Recorded):
    """A team has the case, and within it a technician where one is named."""

    TOPIC = "case.assigned"
    team: str
    technician: str | None = None
    words: Disclosure | None = None
    """The diagnosis, so that the team need not ask again (R-5.7a)."""
    owed: tuple[Obligation, ...] = ()
    """Obligations that pass to this team."""

    def _fold(self, case: CaseState) -> None:
        case.team, case.technician, case.ever_assigned = self.team, self.technician, True
        case.symptomatic = case.symptomatic or self.words is not None
        case.worked(self.timestamp)
        if case.status not in SETTLED:  # imported rows may re-assign a resolved case
            case.status = Status.ASSIGNED


class Accepted(Recorded):
    """A member of the team took the case."""

    TOPIC = "case.accepted"
    technician: str

    def _fold(self, case: CaseState) -> None:
        case.technician = self.technician


class HandedBack(Recorded):
    """The team returned the case to the desk."""

    TOPIC = "case.handed_back"
    team: str
    owed: tuple[Obligation, ...] = ()
    """Obligations that pass to the desk."""

    def _fold(self, case: CaseState) -> None:
        case.status, case.team, case.technician = Status.IN_DIAGNOSIS, None, None
        case.hand_backs += 1
        case.worked(self.timestamp)


class Assignment(CaseState):
    """Which team has the case."""

    def assign(
        self,
        team: str,
        provenance: Provenance,
        *,
        technician: str | None = None,
        words: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Assign the case to a team, and within it to a technician where one is named (R-5.7a).

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
        """Take the case as a member of its team; an optional step. Raises InvalidTransition."""
        self.allow("accept", provenance)
        self.record(Accepted, provenance, technician=provenance.by.subject)

    def hand_back(self, reason: Disclosure, provenance: Provenance) -> None:
        """Return the case to the desk and count it (R-5.7a). Raises InvalidTransition."""
        self.allow("hand_back", provenance)
        self.record(HandedBack, provenance, team=self.team, owed=handed_to(self, None), reason=reason)


EVENTS = (Assigned, Accepted, HandedBack)
