"""What follows from what was recorded: mails go out, windows end, and who could not be mailed is called."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from application.demo.simulation.problems import problem
from application.demo.simulation.record import Commit
from application.demo.simulation.setting import Setting
from application.execution.requests import Request
from application.mail_out.letters import Sent
from application.processes import automatic_closure, mail_delivery
from domain.case import Case
from domain.case.clauses.dispute import DisputeDismissed
from domain.case.clauses.notification import Informed, NotificationFailed, Notified
from domain.obligation import ObligationKind
from domain.outgoing_mail import Message, MessageQueued
from domain.problem import ProblemOpened

_MAIL = Request(mail_delivery.REQUEST.actor, "demo")
_CLOSES = Request(automatic_closure.REQUEST.actor, "demo")
_PUNCTUAL = timedelta(seconds=3)


class Processes:
    """Begins a history for each event that something follows from."""

    def __init__(self, at: Setting) -> None:
        self._at = at

    def notice(self, commit: Commit) -> None:
        """Look at what a command committed."""
        begin = self._at.schedule.begin
        for event in commit.events:
            id_ = event.originator_id
            if isinstance(event, MessageQueued):
                begin(self._send(id_), commit.at + timedelta(seconds=self._at.chance.between(1, 90)))
            elif isinstance(event, Notified | Informed | DisputeDismissed):
                if event.dispute_until is not None:
                    begin(self._close(id_), event.dispute_until + _PUNCTUAL)
            elif isinstance(event, NotificationFailed):
                begin(self._inform(id_), self._at.hours.after(commit.at, self._at.chance.between(20, 200)))
            elif isinstance(event, ProblemOpened) and event.service is not None and event.incident is not None:
                self._at.problems[event.service] = event.number
                begin(problem(self._at, event.number, event.service), commit.at)

    async def _send(self, message: UUID) -> None:
        at = self._at
        mail = await at.desk.runner.repository.find(Message, message)
        assert mail is not None
        if at.chance.happens(0.01):
            await at.desk.outbox.deferred(message, "451 4.7.1 try again later", _MAIL)
            await at.soon(1, 3)
        if at.chance.happens(0.015):
            await at.desk.outbox.refused(message, "550 5.1.1 no such mailbox", _MAIL)
            return
        await at.desk.outbox.accepted(message, Sent(_raw(mail), "250 2.0.0 queued"), at.now, _MAIL)

    async def _close(self, id_: UUID) -> None:
        case = await self._case(id_)
        if case.closes_at is not None and case.closes_at <= self._at.now and case.resolution_version is not None:
            await self._at.desk.closure.close_elapsed(case.number, case.resolution_version, _CLOSES)

    async def _inform(self, id_: UUID) -> None:
        at, case = self._at, await self._case(id_)
        while ObligationKind.INFORM_CUSTOMER in case.obligations:
            reached = at.chance.happens(0.85)
            kind = ObligationKind.INFORM_CUSTOMER
            await at.desk.obligations.discharge(case.number, kind, "phone", None, reached, None, at.technician)
            await at.soon(60, 300)
            case = await self._case(id_)

    async def _case(self, id_: UUID) -> Case:
        case = await self._at.desk.runner.repository.find(Case, id_)
        assert case is not None
        return case


def _raw(mail: Message) -> str:
    """The mail as it was sent, in short."""
    to, name = mail.recipient.text("email"), mail.recipient.text("name")
    head = f"From: Service Desk <desk@caseledger.example>\r\nTo: {name} <{to}>\r\nMessage-ID: {mail.message_id}\r\n"
    return f"{head}Subject: [{mail.case}] {mail.kind}\r\n\r\nThis is about your case {mail.case} ({mail.kind}).\r\n"
