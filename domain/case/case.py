"""The Case aggregate: the SOP, clause by clause.

5.1-5.2  logging       an incident is received and logged
5.3      triage        is it ours, or another agency's?
5.4      priority      impact and severity set the priority
5.5      diagnosis     the initial diagnosis, with scripts and known errors
5.6      relation      has it been reported by others?
5.7      assignment    to the service team, and back
5.7      major         major incidents: nominated, declared, reviewed
5.8      resolution    verified with the customer, then resolved
5.9      notification  the customer is told
5.9      dispute       disputed and reopened
5.9      closure       closed by the timer, or with the customer's word
5.1, 5.8 alerts        what monitoring sees of it
         annotations, pending, personal data, history import
"""

from dataclasses import replace
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Root, register
from domain.case.clauses import (
    alerts,
    annotations,
    assignment,
    closure,
    diagnosis,
    dispute,
    history_import,
    logging,
    major_incident,
    notification,
    pending,
    personal_data,
    priority,
    relations,
    resolution,
    triage,
)
from domain.case.clauses.alerts import Alerts
from domain.case.clauses.annotations import Annotations
from domain.case.clauses.closure import Closure
from domain.case.clauses.history_import import HistoryImport
from domain.case.clauses.logging import IncidentReport, Logged, check_received
from domain.case.clauses.pending import Pending
from domain.case.clauses.personal_data import PersonalData
from domain.case.clauses.resolution import Resolutions
from domain.case.clauses.triage import Triage
from domain.policy import Policy
from domain.values import Disclosure, Provenance


class Case(Triage, Resolutions, Pending, Alerts, Closure, Annotations, PersonalData, HistoryImport, Root):
    """One incident, from log to close (SOP 4.2). A refused command records nothing."""

    TOPIC: ClassVar[str] = "case"
    NUMBERED = True

    @classmethod
    def log(
        cls,
        id: UUID,  # noqa: A002 - the library's own name
        number: str,
        report: IncidentReport,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
        follow_up_of: str | None = None,
    ) -> Self:
        """Log an incident (5.2). The response clock starts at ``received_at`` (R-5.2e). Raises Invalid (R-5.2a)."""
        check_received(report.received_at, provenance.at, provenance.by.role, policy, explained=reason is not None)
        told = vars(_by_our_clock(report, provenance))
        return cls.open(Logged, id, provenance, number=number, reason=reason, follow_up_of=follow_up_of, **told)

    @classmethod
    def log_imported(cls, id: UUID, number: str, report: IncidentReport, provenance: Provenance) -> Self:  # noqa: A002
        """Log an incident as another system recorded it, without our rules on dates."""
        return cls.open(Logged, id, provenance, number=number, **vars(report))

    def follow_up(
        self,
        id: UUID,  # noqa: A002
        number: str,
        report: IncidentReport,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> Self:
        """A later contact about a closed case is a new case (R-5.9f). Raises InvalidTransition, Invalid."""
        self.allow("follow_up", provenance)
        check_received(report.received_at, provenance.at, provenance.by.role, policy, explained=reason is not None)
        told = vars(_by_our_clock(report, provenance))
        before = {"follow_up_of": self.number, "follows_own": report.customer == self.customer}
        return self.open(Logged, id, provenance, number=number, reason=reason, **before, **told)


def _by_our_clock(report: IncidentReport, provenance: Provenance) -> IncidentReport:
    """A contact is never received later than it is recorded, however far the caller's clock runs ahead (R-5.2a)."""
    return replace(report, received_at=min(report.received_at, provenance.at))


EVENTS = register(
    (
        *logging.EVENTS,
        *triage.EVENTS,
        *priority.EVENTS,
        *diagnosis.EVENTS,
        *relations.EVENTS,
        *assignment.EVENTS,
        *major_incident.EVENTS,
        *pending.EVENTS,
        *resolution.EVENTS,
        *notification.EVENTS,
        *dispute.EVENTS,
        *closure.EVENTS,
        *alerts.EVENTS,
        *annotations.EVENTS,
        *personal_data.EVENTS,
        *history_import.EVENTS,
    ),
    Case,
)
"""Every event of a case by its topic."""
