"""SOP 5.1, 5.9: what somebody who takes part in a case writes about it joins it, and may dispute its resolution (R-5.9c)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from application.cases.attachments import File, harmless_name
from application.cases.resolution import Settling
from application.execution.reference import Reference
from application.execution.requests import Request
from application.execution.runner import Words
from application.mail_in.parsing import Mail
from application.mail_in.parsing.intent import Intent, intent_of
from application.mail_in.threading import Threads
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.status import Status
from domain.errors import DisputeWindowClosed, InvalidTransition
from domain.fate import JoinedAs
from domain.receipt import Receipt
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role

MAIL_SYSTEM = Actor("system:mail", Role.SYSTEM)
"""Who records what becomes of mails, ours and others'."""
_TOLD = 50
"""Attachments that are named one by one."""
_NO_SUBJECT, _NO_TEXT, _UNKNOWN = "(no subject)", "(no text)", "unknown"


@dataclass(frozen=True)
class Taking:
    """A message while it is decided on: what it says, under which receipt, by whom, under which catalogue and policy."""

    receipt: Receipt
    mail: Mail
    request: Request
    reference: Reference
    provenance: Provenance

    @property
    def sender(self) -> str:
        """Its writer's id."""
        return self.receipt.raw.subject

    @property
    def theirs(self) -> Provenance:
        """Its writer acts himself: what is said by mail is said by him."""
        return replace(self.provenance, by=Actor(self.sender, Role.CUSTOMER))


class Joining(Threads, Settling):
    """Makes cases of messages, and takes messages into cases."""

    def _open_from(self, taking: Taking) -> list[Root]:
        """Log a case from a message that nobody had a part in but its writer (R-5.2b).

        Whoever has opened as many as one may within an hour opens no more: all else goes to the last of them.
        """
        if (holding := self._holding_case(taking.sender, taking.provenance.at)) is not None:
            return self._hold(holding, taking)
        report = self._report(taking)
        number, case_id = self.register.next_case_number(), self._new_id(taking.provenance)
        case = Case.log(case_id, number, report, taking.reference.policy, taking.provenance)
        return [case, *self._opened(case, taking)]

    def _opened(self, case: Case, taking: Taking) -> list[Root]:
        left, suppressed = self._keep_files(case, taking), taking.mail.suppressing
        taking.receipt.log(case.number, taking.provenance, suppressed=suppressed, left_out=left)
        return self._answer(case, taking)

    def _answer(self, case: Case, taking: Taking) -> list[Root]:
        mail = taking.mail
        unwanted = not mail.answerable or self.addresses.is_ours(mail.sender or "")
        return self._acknowledge(case, taking.provenance, answers=mail.message_id or None, unwanted=unwanted)

    def _follow_up_of(self, closed: Case, taking: Taking) -> list[Root]:
        """A later contact about a closed case is a new case (R-5.9f)."""
        offered = closed.service if closed.service and taking.reference.owner_of(closed.service) else None
        report = self._report(taking, service=offered, agency=closed.agency)
        number, case_id = self.register.next_case_number(), self._new_id(taking.provenance)
        case = closed.follow_up(case_id, number, report, taking.reference.policy, taking.theirs)
        return [case, *self._opened(case, taking)]

    def _join(self, case: Case, taking: Taking, *, reason: Disclosure | None = None) -> list[Root]:
        """Take a message into a case; on one that is resolved, it may dispute that. Returns what was changed.

        A message received before the resolution is not about it (R-5.9c). A person who joins it has read it: what is
        too late for a dispute is then a message like others.
        """
        by_hand = taking.provenance.by.role is not Role.INTAKE
        machine = taking.receipt.channel is Channel.MONITORING  # disputes nothing, whoever takes it in
        settled = not machine and case.can_be_about_resolution(taking.receipt.received_at)
        intent = intent_of(taking.mail.text) if settled else Intent.THANKS
        if intent is not Intent.THANKS and self._is_over(case, taking) and not by_hand:
            return self._follow_up_of(case, taking)
        answers = not machine and self._answers(case, taking)
        self._correspond(case, taking, automatic=False, unclear=case.awaits_customer and not (machine or answers))
        if answers:
            case.answered(case.version, taking.reference.policy, taking.provenance)
        left = self._keep_files(case, taking)
        joined = JoinedAs.REPLY
        try:
            if intent is Intent.DISPUTE:
                self._contest_by(case, taking)
                joined = JoinedAs.DISPUTE
            elif intent is Intent.UNCLEAR:
                self._suspect(case, taking)
                joined = JoinedAs.CANDIDATE
        except (DisputeWindowClosed, InvalidTransition):
            joined = JoinedAs.REPLY  # reopened, held or over already: it is on the case, and that is all
        taking.receipt.join(
            case.number,
            joined,
            taking.provenance,
            reason=reason,
            suppressed=taking.mail.suppressing,
            left_out=left,
        )
        return [case]

    def _hold(self, case: Case, taking: Taking) -> list[Root]:
        """Take a message into the case that takes all of its sender's: it speaks of anything, and disputes nothing."""
        self._correspond(case, taking, automatic=False, unclear=case.awaits_customer)
        left, suppressed = self._keep_files(case, taking), taking.mail.suppressing
        taking.receipt.join(case.number, JoinedAs.REPLY, taking.provenance, suppressed=suppressed, left_out=left)
        return [case]

    def _answers(self, case: Case, taking: Taking) -> bool:
        """Whether a message is what a case waits for: of the customer, or of whom else the question went to.

        Whoever else takes part may know nothing of the question: what they write is for a person to read.
        """
        if not case.awaits_answer_of(taking.receipt.received_at):
            return False
        asked = self._address(case)
        return taking.sender in {case.customer, case.reporter, asked and self.customer_id(asked)}

    def _is_over(self, case: Case, taking: Taking) -> bool:
        """Whether a closed case could no longer be disputed when the message came (R-5.9c, R-5.9f)."""
        return case.status is Status.CLOSED and not case.can_be_disputed(taking.receipt.received_at)

    def _contest_by(self, case: Case, taking: Taking) -> None:
        said = self._say(taking.sender, DisclosureKind.CUSTOMER_WORDS, {"reason": taking.mail.words or _NO_TEXT})
        by_hand = taking.provenance.by.role is not Role.INTAKE
        case.dispute(
            taking.receipt.received_at,
            taking.reference.policy,
            taking.provenance if by_hand else taking.theirs,
            channel=taking.receipt.channel,
            reason=said,
            witnessed=True,
        )

    def _suspect(self, case: Case, taking: Taking) -> None:
        said = self._say(taking.sender, DisclosureKind.CUSTOMER_WORDS, {"text": taking.mail.words or _NO_TEXT})
        case.suspect_dispute(
            taking.receipt.received_at,
            said,
            taking.reference.policy,
            taking.provenance,
            channel=taking.receipt.channel,
            witnessed=True,
        )

    def _correspond(self, case: Case, taking: Taking, *, automatic: bool, unclear: bool = False) -> None:
        mail, who = taking.mail, taking.sender
        words = {"subject": mail.subject or None, "text": mail.text or None, "quoted": mail.quoted or None}
        case.receive_message(
            str(taking.receipt.id),
            who,
            taking.receipt.received_at,
            self._say(who, DisclosureKind.CUSTOMER_WORDS, words),
            self._say(who, DisclosureKind.CONTACT, {"name": mail.name, "email": mail.sender}),
            taking.provenance,
            channel=taking.receipt.channel,
            automatic=automatic,
            written_to=self._written_to(taking),
            read_by=taking.provenance.at + taking.reference.policy.read_answer if unclear else None,
        )

    def _written_to(self, taking: Taking) -> Disclosure | None:
        """The people in To and Cc; they are told of in confidence, and erased with the message."""
        mail = taking.mail
        people = {"to": mail.to, "cc": mail.cc} if mail.to or mail.cc else {}
        told = {field: [person._asdict() for person in written] for field, written in people.items()}
        return self._say(taking.sender, DisclosureKind.CONTACT, told)

    def _keep_files(self, case: Case, taking: Taking) -> int:
        """Attach what the policy takes; returns how many it does not: they stay in the message's own bytes, as a note says."""
        files = [File(each.name, each.said_type, each.content, each.content_id) for each in taking.mail.files]
        refused = self._attach_what_may_be(case, files, taking.theirs, visible_to_customer=True)
        why = [f"{harmless_name(file.name)}: {error}" for file, error in refused]
        why += ["one that is too large to be taken out of it"] * taking.mail.left
        if why:
            text = f"Not on the case, but in message {taking.receipt.id} as it came:\n" + "\n".join(why[:_TOLD])
            said = self._say(taking.sender, DisclosureKind.CUSTOMER_WORDS, {"text": text})
            assert said is not None
            case.note(said, replace(taking.provenance, by=MAIL_SYSTEM))
        return len(why)

    def _report(self, taking: Taking, *, service: str | None = None, agency: str | None = None) -> IncidentReport:
        """What a mail says, as a case is logged from it."""
        mail, whose = taking.mail, taking.sender
        reached = {} if taking.receipt.channel is Channel.MONITORING else contact_of(mail)  # nobody writes to a robot
        contact: Words = {"name": mail.name or mail.sender or _UNKNOWN, **reached}
        words: Words = {"subject": mail.subject or _NO_SUBJECT, "description": mail.words or _NO_TEXT}
        if mail.text and mail.quoted:
            words["quoted"] = mail.quoted
        receipt = taking.receipt
        report = IncidentReport(
            receipt.channel,
            receipt.received_at,
            whose,
            agency=agency,
            service=service,
            message=str(receipt.id),
            written_to=self._written_to(taking),
        )
        sealed = self._sealed(report, contact, words, {}, taking.request, taking.reference)
        # Whoever wrote without an address is a person of his own; what he wrote and how it came are erased together.
        return sealed.of_customer(whose)


def contact_of(mail: Mail) -> Words:
    """Where its writer can be reached."""
    return {"email": mail.sender} if mail.sender else {}
