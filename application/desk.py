"""The service desk: its services, one per SOP clause, around one command runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from application.administration.catalogue import Catalogue
from application.administration.changes import OfficeChanges
from application.administration.grants import Grants
from application.administration.monitoring_sources import MonitoringKeys
from application.administration.policy import PolicyCommands
from application.administration.saved_filters import Filters
from application.administration.webhooks import Webhooks
from application.cases.assignment import Assignment
from application.cases.attachments import Attachments
from application.cases.candidates import Candidates
from application.cases.closure import Closure
from application.cases.diagnosis import Diagnosis
from application.cases.dispute import Disputes
from application.cases.logging import Logging
from application.cases.major_incident import MajorIncidents
from application.cases.obligations import Obligations
from application.cases.opening import Opening
from application.cases.pending import Pending
from application.cases.records import CaseRecords
from application.cases.relations import Relations
from application.cases.resolution import Resolution
from application.cases.targets import Targets
from application.cases.triage import Triage
from application.customers.case_link import CaseLinks
from application.customers.self_service import SelfService
from application.execution.admission import Admission
from application.execution.pseudonyms import Pseudonyms
from application.execution.reference import References
from application.execution.runner import CommandRunner
from application.mail_in.intake import MailIntake
from application.mail_in.joining import Joining
from application.mail_in.quarantine import Quarantine
from application.mail_in.threading import Threading
from application.mail_out.addresses import Addresses
from application.mail_out.escalations import Escalations
from application.mail_out.notices import Notices
from application.mail_out.outbox import Outbox
from application.monitoring.intake import AlertIntake
from application.personal_data.approvals import Approvals
from application.personal_data.erasure import PersonalData
from application.ports import EventStore, Register
from application.problems import Problems
from application.scheduled_reports.issues import ReportIssues
from application.scheduled_reports.schedules import ScheduleCheck
from application.transparency_log import LogHistory
from application.views.similar import Finder
from domain.clock import Clock
from domain.policy import Policy


@dataclass(frozen=True)
class Desk:
    """All commands and queries of the desk."""

    runner: CommandRunner
    admission: Admission
    """Admission of callers (R-7.1)."""
    records: CaseRecords
    """Cases and problems, now or in the past."""
    logging: Logging
    """5.1-5.2."""
    attachments: Attachments
    triage: Triage
    """5.3."""
    diagnosis: Diagnosis
    """5.4-5.5."""
    relations: Relations
    """5.6."""
    assignment: Assignment
    """5.7."""
    major_incidents: MajorIncidents
    pending: Pending
    """5.8."""
    resolution: Resolution
    problems: Problems
    """5.8.1."""
    disputes: Disputes
    """5.9."""
    closure: Closure
    obligations: Obligations
    targets: Targets
    """5.2, 5.4: what the clock finds."""
    case_links: CaseLinks
    """5.9 by the links in mails."""
    self_service: SelfService
    """5.1 by customers."""
    mail: MailIntake
    """5.1 by mail."""
    quarantine: Quarantine
    alerts: AlertIntake
    """5.1 by monitoring systems."""
    monitoring_keys: MonitoringKeys
    webhooks: Webhooks
    outbox: Outbox
    """5.9: mails to customers."""
    report_issues: ReportIssues
    """Scheduled reports."""
    catalogue: Catalogue
    """4.1."""
    policy: PolicyCommands
    grants: Grants
    """7.1."""
    changes: OfficeChanges
    """Who changed catalogue, policy and grants."""
    filters: Filters
    """Saved filters of lists."""
    approvals: Approvals
    """5.9f: four eyes."""
    personal_data: PersonalData
    log: LogHistory
    """History of the transparency log itself."""
    addresses: Addresses
    pseudonyms: Pseudonyms

    @property
    def clock(self) -> Clock:
        """The one clock of the desk."""
        return self.runner.clock

    @property
    def references(self) -> References:
        """Catalogue, policy and grants in this process's memory."""
        return self.runner.references


def desk_on(
    store: EventStore,
    register: Register,
    finder: Finder,
    *,
    clock: Clock,
    first_policy: Callable[[], Policy],
    random: Callable[[int], bytes],
    addresses: Addresses | None = None,
) -> Desk:
    """Compose the desk on an event store. Clock, randomness, policy and look-ups are arguments.

    Without ``addresses`` it has no mailbox key and recognises no signed address.
    """
    references = References(register.reference_events, first_policy)
    runner = CommandRunner(store, register, references, clock, random)
    addresses = addresses or Addresses(random(32), "service-desk@caseledger.example")
    pseudonyms, notices = Pseudonyms(register, random), Notices(runner.repository, addresses)
    candidates, records = Candidates(finder, runner.repository), CaseRecords(runner.repository)
    opening = Opening(runner, pseudonyms, candidates)
    logging, attachments = Logging(runner, opening, notices), Attachments(runner, records)
    disputes, closure, approvals = Disputes(runner), Closure(runner), Approvals(runner)
    alerts = AlertIntake(runner, opening, pseudonyms)
    threading = Threading(runner.repository, notices, pseudonyms, addresses)
    joining = Joining(opening, notices, pseudonyms, addresses)
    case_links = CaseLinks(runner, records, logging, attachments, disputes, closure)
    return Desk(
        runner=runner,
        admission=Admission(references, clock),
        records=records,
        logging=logging,
        attachments=attachments,
        triage=Triage(runner, notices),
        diagnosis=Diagnosis(runner),
        relations=Relations(runner, candidates, notices),
        assignment=Assignment(runner, candidates),
        major_incidents=MajorIncidents(runner, candidates, notices),
        pending=Pending(runner, notices),
        resolution=Resolution(runner, candidates, notices),
        problems=Problems(runner),
        disputes=disputes,
        closure=closure,
        obligations=Obligations(runner),
        targets=Targets(runner, Escalations(runner.repository, addresses)),
        case_links=case_links,
        self_service=SelfService(logging),
        mail=MailIntake(runner, joining, threading, notices, alerts, pseudonyms, addresses),
        quarantine=Quarantine(runner, records, joining, addresses),
        alerts=alerts,
        monitoring_keys=MonitoringKeys(runner),
        webhooks=Webhooks(runner),
        outbox=Outbox(runner, addresses),
        report_issues=ReportIssues(runner, addresses),
        catalogue=Catalogue(runner),
        policy=PolicyCommands(runner, ScheduleCheck(runner.repository)),
        grants=Grants(runner),
        changes=OfficeChanges(runner),
        filters=Filters(runner),
        approvals=approvals,
        personal_data=PersonalData(runner, approvals, pseudonyms),
        log=LogHistory(runner),
        addresses=addresses,
        pseudonyms=pseudonyms,
    )
