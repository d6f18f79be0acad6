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
5.1, 5.8 alerting      what monitoring sees of it
         messages, pending, notes, attachments, privacy, importing
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self
from uuid import UUID

from domain.aggregate import Root, register
from domain.case import (
    alerts,
    assignment,
    attachments,
    closure,
    diagnosis,
    dispute,
    history_import,
    logging,
    major_incident,
    messages,
    notes,
    notification,
    pending,
    personal_data,
    priority,
    relations,
    resolution,
    triage,
)
from domain.case.alerts import Alerting
from domain.case.attachments import Attachments
from domain.case.closure import Closure
from domain.case.history_import import Importing
from domain.case.logging import Logged, Report, check_received
from domain.case.messages import Corresponding
from domain.case.notes import Notes
from domain.case.pending import Waiting
from domain.case.personal_data import Privacy
from domain.case.resolution import Resolving
from domain.case.triage import Triage
from domain.policy import Policy
from domain.values import Disclosure, Provenance


class Case(Triage, Resolving, Waiting, Alerting, Closure, Corresponding, Notes, Attachments, Privacy, Importing, Root):
    """One incident, from log to close (SOP 4.2). A refused command records nothing."""

    TOPIC: ClassVar[str] = "case"
    NUMBERED = True

    @classmethod
    def log(
        cls,
        id: UUID,  # noqa: A002 - the library's own name
        number: str,
        report: Report,
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
    def log_imported(cls, id: UUID, number: str, report: Report, provenance: Provenance) -> Self:  # noqa: A002
        """Log an incident as another system recorded it, without our rules on dates."""
        return cls.open(Logged, id, provenance, number=number, **vars(report))

    def follow_up(
        self,
        id: UUID,  # noqa: A002
        number: str,
        report: Report,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> Case:
        """A later contact about a closed case is a new case (R-5.9f). Raises InvalidTransition, Invalid."""
        self.allow("follow_up", provenance)
        check_received(report.received_at, provenance.at, provenance.by.role, policy, explained=reason is not None)
        told = vars(_by_our_clock(report, provenance))
        before = {"follow_up_of": self.number, "follows_own": report.customer == self.customer}
        return Case.open(Logged, id, provenance, number=number, reason=reason, **before, **told)


def _by_our_clock(report: Report, provenance: Provenance) -> Report:
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
        *messages.EVENTS,
        *alerts.EVENTS,
        *notes.EVENTS,
        *attachments.EVENTS,
        *personal_data.EVENTS,
        *history_import.EVENTS,
    ),
    Case,
)
"""Every event of a case by its topic."""
