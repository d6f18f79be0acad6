"""The Case aggregate: the SOP, clause by clause.

5.1-5.2  logging            an incident is received and logged
5.3      triage             is it ours, or another agency's?
5.4      priority           impact and severity set the priority
5.5      diagnosis          the initial diagnosis, with scripts and known errors
5.6      relations          has it been reported by others?
5.6      duplicates         one occurrence, reported twice
5.7      assignment         to the service team, and back
5.7      major incident     nominated, declared, reviewed
5.8      resolution         verified with the customer, then resolved
5.9      notification       the customer is told
5.9      dispute            disputed and reopened
5.9      closure            closed by the timer, or with the customer's word
5.1, 5.8 alerts             what monitoring sees of it
5.8      pending            what it waits for
         annotations        notes, files and messages
         personal data      legal holds and erasures
         history import     the history of another system
"""

from typing import Any, ClassVar, Self
from uuid import UUID

from domain.aggregate import Root, register
from domain.case.clauses import (
    alerts,
    assignment,
    closure,
    diagnosis,
    dispute,
    duplicates,
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
from domain.case.clauses import annotations as additions
from domain.case.clauses.logging import IncidentReport, Logged, check_received
from domain.policy import Policy
from domain.values import Disclosure, Provenance


class Case(
    logging.Logging,
    triage.Triage,
    priority.Priority,
    diagnosis.Diagnosis,
    relations.Relations,
    duplicates.Duplicates,
    assignment.Assignment,
    major_incident.MajorIncidents,
    resolution.Resolutions,
    notification.Notification,
    dispute.Dispute,
    closure.Closure,
    alerts.Alerts,
    pending.Pending,
    additions.Annotations,
    personal_data.PersonalData,
    history_import.HistoryImport,
    Root,
):
    """One incident, from log to close (SOP 4.2). A refused command records nothing."""

    TOPIC: ClassVar[str] = "case"
    NUMBERED = True

    @classmethod
    def log(
        cls,
        id: UUID,
        number: str,
        report: IncidentReport,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
        follow_up_of: str | None = None,
    ) -> Self:
        """Log an incident (5.2). The response clock starts at ``received_at`` (R-5.2e). Raises Invalid (R-5.2a)."""
        told = _checked(report, policy, provenance, reason)
        return cls.open(Logged, id, provenance, number=number, reason=reason, follow_up_of=follow_up_of, **told)

    @classmethod
    def log_imported(cls, id: UUID, number: str, report: IncidentReport, provenance: Provenance) -> Self:
        """Log an incident as another system recorded it, without the desk's rules on dates."""
        return cls.open(Logged, id, provenance, number=number, **vars(report))

    def follow_up(
        self,
        id: UUID,
        number: str,
        report: IncidentReport,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> Self:
        """Log a later contact about a closed case as a new case (R-5.9f). Raises InvalidTransition, Invalid."""
        self.allow("follow_up", provenance)
        told = _checked(report, policy, provenance, reason)
        before = {"follow_up_of": self.number, "follows_own": report.customer == self.customer}
        return self.open(Logged, id, provenance, number=number, reason=reason, **before, **told)


def _checked(
    report: IncidentReport, policy: Policy, provenance: Provenance, reason: Disclosure | None
) -> dict[str, Any]:
    """The fields of a report, received no later than recorded however far the caller's clock runs ahead (R-5.2a)."""
    check_received(report.received_at, provenance.at, provenance.by.role, policy, explained=reason is not None)
    return {**vars(report), "received_at": min(report.received_at, provenance.at)}


_CLAUSES = (
    *(logging, triage, priority, diagnosis, relations, assignment, major_incident, pending, resolution),
    *(notification, dispute, closure, alerts, additions, personal_data, history_import),
)
EVENTS = register((event for clause in _CLAUSES for event in clause.EVENTS), Case)
"""Every event of a case by its topic."""
