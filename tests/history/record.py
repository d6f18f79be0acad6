"""Records what this release writes: one history with every topic, as stored. Once a release, never changed after it.

python -m tests.history.record > tests/history/0.5.0.jsonl
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg

from application.administration.catalogue import KINDS, OPERATOR
from application.cases.attachments import File
from application.demo.small_desk import load_demo
from application.desk import Desk
from application.execution.requests import Request
from application.mail_in.envelope import NO_ENVELOPE
from application.mail_out.letters import Sent
from application.monitoring.signals import Delivery, Signal
from application.scheduled_reports.issues import DueReport
from application.views.questions import ReportQuestion
from domain.access import Grant
from domain.case.clauses.closure import Confirmation
from domain.case.clauses.notification import ContactAttempt
from domain.case.clauses.priority import Assessment
from domain.case.clauses.relations import Relation
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, PendingReason, Resolution, ResolutionCode
from domain.catalogue import Customer
from domain.fate import ReceiptCause
from domain.monitoring.source import MappingRule, MonitoringSource, SourceKind
from domain.readers.webhook import DisabledBy, Webhook
from domain.schedule import ScheduledReport, due_periods
from domain.transparency_log import Attestation
from domain.values import Actor, Channel, ErasureScope, Level, Role
from infrastructure.postgres.database import Database
from infrastructure.postgres.embedded.server import embedded_server
from infrastructure.postgres.setup.migration import migrate
from tests import four_eyes
from tests.acceptance.imports.logs import imported, row
from tests.application.cases import FIXED, MEDIUM, NETWORK, TECHNICIAN, assigned, log, resolved
from tests.blocking import BlockingDesk, because, open_desk
from tests.infrastructure.transparency.trees import a_signer


def work(desk: BlockingDesk) -> None:
    """Everything a case can go through."""
    desk.run(load_demo)
    number = assigned(desk)
    desk.pending.pend(number, PendingReason.VENDOR, "ordered", NETWORK)
    desk.pending.resume(number, because(NETWORK, "arrived"))
    now = desk.clock.now()
    desk.resolution.verify(number, Verification(False, False, "phone", now, ContactOutcome.REACHED), NETWORK)
    desk.logging.correct(number, "location", "Room 7", "misheard", TECHNICIAN)
    desk.logging.correct(number, "service", "email", "misheard", TECHNICIAN)
    desk.logging.note(number, "called", visible_to_customer=True, request=TECHNICIAN)
    desk.attachments.attach(number, (File("screen.png", "image/png", b"\x89PNG\r\n\x1a\n"),), True, TECHNICIAN)
    for _ in range(2):  # the second joins the problem of the first
        problem = "PRB-0000002" if _ else None
        other = assigned(desk)
        desk.resolution.verify(other, Verification(True, True, "phone", desk.clock.now()), NETWORK)
        remaining = replace(FIXED, cause_corrected=CauseCorrected.UNKNOWN, problem=problem)
        desk.resolution.resolve(other, remaining, "restarted", because(NETWORK, "it happens"))
    desk.disputes.reopen(resolved(desk), "too early", NETWORK)
    rows = [
        row(),
        row(u_symptom="Symptom 7"),
        row(incident_state="Awaiting Vendor", assignment_group="Group 1"),
        row(
            incident_state="Closed", sys_updated_at="1/3/2016 10:00", resolved_at="1/3/2016 09:00", closed_code="code 1"
        ),
        row(incident_state="Active", sys_updated_at="2/3/2016 10:00", priority="1 - Critical"),
    ]
    imported(desk, rows, "log.csv@0")


def work_the_whole_sop(desk: BlockingDesk) -> None:
    """What 0.2.0 can say beyond 0.1.0."""
    desk.policy.adopt(OPERATOR)
    desk.policy.change(lambda policy: replace(policy, dispute_window=timedelta(hours=96)), "longer", OPERATOR)
    desk.policy.change(lambda policy: replace(policy, dispute_window=timedelta(hours=72)), "as before", OPERATOR)
    for kind in KINDS:
        code = next(iter(e.number for e in desk.references.current().roots.values() if isinstance(e, KINDS[kind])), "x")
        if kind in ("sources", "webhooks"):
            continue
        entry = desk.catalogue.entry(kind, code).entry if code != "x" else Customer("x")
        desk.catalogue.put(kind, entry, {"email": "new@desk.example"} if kind != "teams" else {}, OPERATOR)
        desk.catalogue.put(kind, replace(entry, retired=True), {}, because(OPERATOR, "gone"))
        desk.catalogue.put(kind, replace(entry, retired=False), {}, because(OPERATOR, "back"))
    desk.grants.grant("c.new", Grant(Role.TECHNICIAN, None, "d.manager", desk.clock.now()), because(OPERATOR, "new"))
    desk.grants.revoke("c.new", Role.TECHNICIAN, None, because(OPERATOR, "left"))
    _relations(desk)
    _major(desk)
    _aftermath(desk)
    _question(desk)
    _targets(desk)
    _scheduled_report(desk)
    _problem(desk)
    _quarantine(desk)
    _monitoring(desk)
    _webhooks(desk)
    _erasure(desk)
    _sealing(desk)
    _imported_in_part(desk)


def _relations(desk: BlockingDesk) -> None:
    same: dict[str, Any] = {
        "words": {"subject": "Scanner S-9 jams", "description": "S-9 jams on every page", "symptoms": "jams"}
    }
    first, second, third = (assigned(desk, **same), log(desk, **same), log(desk, **same))
    desk.relations.consult(second, first, TECHNICIAN)
    desk.relations.answer_consultation(second, first, "the same", NETWORK)
    desk.relations.relate(second, first, Relation.DUPLICATE, None, because(TECHNICIAN, "called twice"))
    desk.relations.unrelate(second, first, "no, another one", TECHNICIAN)
    desk.relations.relate(third, first, Relation.UNRELATED, ("t.lee", desk.clock.now(), "another room"), TECHNICIAN)
    desk.triage.refer(log(desk), "dhs", ContactAttempt("phone", desk.clock.now(), informed=False), TECHNICIAN)
    number = log(desk, contact={"name": "Nobody"})
    desk.logging.waive(number, "walked in and left", TECHNICIAN)


def _major(desk: BlockingDesk) -> None:
    number, part = assigned(desk), assigned(desk)
    desk.diagnosis.search_known_errors(number, "queue", ("KE-0000001",), None, False, TECHNICIAN)
    desk.major_incidents.nominate(number, "many calls", TECHNICIAN)
    desk.major_incidents.reject(number, "three people", NETWORK)
    every = timedelta(minutes=30)
    desk.major_incidents.declare(number, "t.lee", every, "head of operations", (part,), NETWORK)
    desk.obligations.discharge(number, "communicate", "mail", None, True, "sent", NETWORK)
    desk.resolution.verify(number, Verification(True, True, "phone", desk.clock.now()), NETWORK)
    desk.resolution.resolve(number, FIXED, "server replaced", NETWORK)
    desk.major_incidents.fan_out(number, (part,), NETWORK)


def _aftermath(desk: BlockingDesk) -> None:
    system = Request(Actor("system:mail", Role.SYSTEM), "process")
    held = []
    for fate in ("accepted", "deferred", "refused", "withdrawn"):
        number = resolved(desk)
        message = message_of(desk, number)
        if fate == "accepted":
            desk.outbox.accepted(message, Sent("raw", "250 OK"), desk.clock.now(), system)
            held.append(number)
        elif fate == "deferred":
            desk.outbox.deferred(message, "450 4.2.0 later", system)
        elif fate == "refused":
            desk.outbox.refused(message, "550 5.1.1 nobody", system)
            desk.obligations.discharge(number, "inform_customer", "phone", None, True, None, TECHNICIAN)
        else:
            desk.outbox.withdraw(message, system)
    desk.disputes.suspect(held[0], "thanks, but the other one?", None, Channel.EMAIL, TECHNICIAN)
    desk.disputes.dismiss(held[0], "it was about another case", TECHNICIAN)


def message_of(desk: BlockingDesk, number: str) -> UUID:
    """The mail queued with a case's resolution: the event before it."""
    position = desk.records.history(number, TECHNICIAN.actor)[-1].position
    queued = desk.recorded(position - 2)[0]
    return cast("UUID", queued.originator_id)


def _question(desk: BlockingDesk) -> None:
    """What 0.5.0 can say beyond 0.4.0: a question that the customer answers, and one that reaches nobody; saved filters."""
    number, system = assigned(desk), Request(Actor("system:mail", Role.SYSTEM), "process")
    customer = Request(Actor(desk.records.case(number, TECHNICIAN.actor).customer, Role.CUSTOMER), "http")
    for _ in range(2):
        asked = desk.pending.pend(number, PendingReason.CUSTOMER, None, NETWORK, question="Does the lamp blink?")
        desk.logging.note(number, "Yes.", visible_to_customer=True, request=customer)
    desk.pending.pend(number, PendingReason.CUSTOMER, None, NETWORK, question="And which colour has it?")
    assert asked.case.question is not None
    desk.outbox.refused(message_of(desk, number), "550 5.1.1 nobody", system)
    desk.filters.put("late", {"overdue": "true", "sort": "due"}, TECHNICIAN, shared=False)
    desk.filters.remove("late", TECHNICIAN, shared=False)


def _imported_in_part(desk: BlockingDesk) -> None:
    """A row of another desk with a part of an assessment, and with an address that no event may hold."""
    rows = [row(number="INC2", impact="?"), row(number="INC2", impact="?", location="jo.field@agency.example")]
    imported(desk, rows, "log.csv@1")


def _targets(desk: BlockingDesk) -> None:
    """A case that was to be answered long ago, and is soon to be resolved. The duty manager is told."""
    desk.grants.grant("d.manager", Grant(Role.DUTY_MANAGER, None, "r.audit", desk.clock.now()), OPERATOR)
    manager = {"name": "Dee Manager", "email": "d.manager@desk.example"}
    desk.catalogue.put("customers", Customer("d.manager"), manager, OPERATOR)
    number = log(desk, received_at=desk.clock.now() - timedelta(minutes=95))
    desk.triage.triage(number, "desk", TECHNICIAN)
    desk.diagnosis.prioritize(number, Assessment(Level.HIGH, Level.HIGH), TECHNICIAN)
    desk.targets.record_due(number, Request(Actor("system:targets", Role.SYSTEM), "process"))


def _scheduled_report(desk: BlockingDesk) -> None:
    """A report of yesterday, mailed to the duty manager."""
    schedule = ScheduledReport("daily", "volume", "day", by="team", form="table", mail_to=("d.manager",))
    desk.policy.change(lambda policy: replace(policy, scheduled_reports=(schedule,)), "the director asks", OPERATOR)
    policy = desk.references.current().policy
    period = next(due_periods(schedule, policy.business, desk.clock.now()))
    reports = Request(Actor("system:reports", Role.SYSTEM), "process")

    async def issue(own: Desk) -> None:
        await own.report_issues.issue(DueReport(schedule, period), NoPositions(), NoReports(), reports)

    desk.run(issue)


class NoPositions:
    """No views are folded here."""

    async def last(self) -> int:
        return 0

    async def at(self, moment: datetime) -> int:
        return 0


class NoReports:
    """A report of an empty desk."""

    async def report(self, question: ReportQuestion) -> dict[str, Any]:
        period = {"from": question.since, "to": question.until, "effective_at": None, "time_zone": question.zone}
        figures: dict[str, Any] = {"by": question.by, "totals": {"cases": 0}, "rows": []}
        return {"report": question.name, "definitions_version": "volume/1", "position": 0, **period, **figures}


def _problem(desk: BlockingDesk) -> None:
    number = desk.problems.open("printing", 3, "Spooler", "leaks weekly", TECHNICIAN).root.number
    desk.problems.investigate(number, "grows with each job", NETWORK)
    desk.problems.prioritize(number, 2, because(NETWORK, "the governor's printer"))
    desk.problems.find_root_cause(number, "driver 4.2", NETWORK)
    desk.problems.publish_known_error(number, "Spooler hangs", "jobs stay queued", "restart it", NETWORK)
    desk.problems.resolve(number, "driver 4.3", NETWORK)
    desk.problems.reopen(number, "again", NETWORK)
    desk.problems.resolve(number, "driver 4.4", NETWORK)
    desk.problems.close(number, NETWORK)


def _quarantine(desk: BlockingDesk) -> None:
    """A mail that opens a case, and those that join it, come back, say that somebody is away, or wait for a decision."""
    gateway = Request(Actor("mail.gateway", Role.INTAKE), "http")
    desk.grants.ensure(gateway.actor.subject, Role.INTAKE, None, None, OPERATOR, anew=False)
    mail = b"From: Jo Field <jo.field@agency.example>\r\nSubject: Plotter\r\n%s\r\nNo paper.\r\n"
    desk.mail.receive(mail % b"", NO_ENVELOPE, gateway)  # Jo has opened so many that it goes to the last of them
    mail = mail.replace(b"jo.field", b"pat.field")
    number = desk.mail.receive(mail % b"", NO_ENVELOPE, gateway).case
    ours = f"References: <{number}@{desk.addresses.domain}>\r\n".encode()
    attached = b"Content-Type: application/pdf; name=plan.pdf\r\n"
    for headers in (ours, ours + b"Auto-Submitted: auto-replied\r\n", ours + attached, b"Return-Path: <>\r\n"):
        desk.mail.receive(mail % headers, NO_ENVELOPE, gateway)
    desk.mail.receive(b"From: MAILER-DAEMON\r\nSubject: failure notice\r\n\r\nnobody", NO_ENVELOPE, gateway)
    strangers = [
        desk.mail.receive(
            (mail % (ours + b"X: %d\r\n" % each)).replace(b"pat.f", b"al.f"), NO_ENVELOPE, gateway
        ).receipt
        for each in range(3)
    ]
    desk.quarantine.release(strangers[0], because(TECHNICIAN, "new"))
    desk.quarantine.join(strangers[1], None, because(TECHNICIAN, "a colleague"))
    desk.quarantine.discard(strangers[2], "an offer", TECHNICIAN)


def _webhooks(desk: BlockingDesk) -> None:
    """A webhook with two secrets that is pinged, disabled, enabled and replayed."""
    webhook = Webhook("hub", "Hub", "r.audit", ("case.*",))
    desk.catalogue.put("webhooks", webhook, {"url": "https://hub.example/events"}, OPERATOR)
    desk.catalogue.put("webhooks", replace(webhook, name="The hub"), {"url": "https://hub.example/"}, OPERATOR)
    first = desk.webhooks.issue_secret("hub", OPERATOR).id
    desk.webhooks.issue_secret("hub", because(OPERATOR, "rotation"))
    desk.webhooks.revoke_secret("hub", first, because(OPERATOR, "leaked"))
    desk.webhooks.ping("hub", OPERATOR)
    desk.webhooks.disable("hub", DisabledBy.FAILING, OPERATOR)
    desk.webhooks.enable("hub", because(OPERATOR, "mended"))
    desk.webhooks.replay("hub", 1, 7, because(OPERATOR, "it lost a day"))


def _monitoring(desk: BlockingDesk) -> None:
    """A source with a key, an alert that fires, goes on, is over, and fires again when its case is closed."""
    rule = MappingRule(match={"severity": "critical"}, service="printing", impact=Level.HIGH, nominate_major=True)
    source = MonitoringSource("prom", "Prometheus", SourceKind.ALERTMANAGER, (rule,))
    desk.catalogue.put("sources", source, {"senders": "prom@desk.example"}, OPERATOR)
    desk.catalogue.put("sources", replace(source, name="Prom"), {}, because(OPERATOR, "shorter"))
    key = desk.monitoring_keys.issue("prom", because(OPERATOR, "first")).id
    request, began = Request(Actor("prom", Role.INTAKE), "http", key=key), desk.clock.now()
    labels = {"alertname": "Down", "severity": "critical"}

    def say(*, firing: bool, episode: int = 0) -> str | None:
        at = began + timedelta(minutes=episode)
        ended = None if firing else at + timedelta(seconds=30)
        signal = Signal("72a2002704e27a2e", firing, "Down", episode=at, started_at=at, ended_at=ended, labels=labels)
        raw = f"{firing} {episode}".encode()
        return desk.alerts.take_signals(Delivery(raw, (signal,), truncated=episode), request).case

    number = say(firing=True) or ""
    say(firing=True)
    say(firing=False)
    say(firing=True, episode=1)
    desk.logging.waive(number, "nobody knows", TECHNICIAN)
    desk.triage.triage(number, "desk", TECHNICIAN)
    desk.diagnosis.prioritize(number, MEDIUM, TECHNICIAN)
    desk.assignment.assign(number, "network", None, "down", TECHNICIAN)
    desk.resolution.verify(number, Verification(True, True, "phone", desk.clock.now()), NETWORK)
    desk.resolution.resolve(number, FIXED, "restarted", NETWORK)
    desk.closure.close(number, Confirmation("phone", desk.clock.now()), "the owner", TECHNICIAN)
    say(firing=True, episode=2)
    desk.alerts.take_signals(Delivery(b"?", cause=ReceiptCause.UNREADABLE), request)
    desk.monitoring_keys.revoke("prom", key, because(OPERATOR, "leaked"))


def _erasure(desk: BlockingDesk) -> None:
    """A hold, placed and released; then everything about one who is a customer, had a problem, was mailed and wrote in."""
    jo = {"name": "Jo Field", "email": "jo.field@agency.example"}
    number, subject = resolved(desk, contact=jo), desk.pseudonyms.of(jo)
    desk.catalogue.put("customers", Customer(subject), jo, OPERATOR)
    other = assigned(desk, contact=jo)
    desk.resolution.verify(other, Verification(True, True, "phone", desk.clock.now()), NETWORK)
    around = Resolution(ResolutionCode.WORKAROUND, workaround=True, cause_corrected=CauseCorrected.NO)
    desk.resolution.resolve(other, around, "use the spare one", NETWORK)
    desk.approvals.request_hold(number, "a claim", OPERATOR)
    desk.approvals.refuse(f"hold:{number}", "no claim is known", four_eyes.AUDITING)
    desk.approvals.request_hold(number, "a claim", OPERATOR)
    desk.approvals.withdraw(f"hold:{number}", because(OPERATOR, "settled"))
    four_eyes.hold(desk, number)
    four_eyes.release(desk, number)
    four_eyes.erase(desk, subject, ErasureScope.EVERYTHING)


def _sealing(desk: BlockingDesk) -> None:
    """What happens to the log itself."""
    old, new = (str(a_signer("desk.example/log", seed).verifier) for seed in (1, 2))
    desk.log.introduce_key("desk.example/log", new, because(OPERATOR, "once a year"))
    desk.log.retire_key("desk.example/log", old, because(OPERATOR, "everybody has the new one"))
    desk.log.restarted("desk.example/log/2", ("desk.example/log", 300), because(OPERATOR, "the disk failed"))
    desk.log.attest(Attestation(400, 400, {"case_intervals": 2}, "desk.example/log/2", 401, "AAAA"), OPERATOR)


def main() -> None:
    """Print the history as JSON lines: stream, version, topic, recorded_at, state."""
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    folder.chmod(0o755)
    try:
        with embedded_server(folder, fsync=False) as conninfo:
            database = Database(conninfo, embedded=True)
            migrate(database)
            with open_desk(database, component="eraser") as desk:
                work(desk)
                work_the_whole_sop(desk)
            with psycopg.connect(database.for_component("auditor")) as auditor:
                for line in auditor.execute(
                    "SELECT originator_id::text, originator_version, topic, recorded_at::text, "
                    "convert_from(state, 'UTF8') FROM ledger.stored_events ORDER BY notification_id"
                ):
                    sys.stdout.write(json.dumps(line) + "\n")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
