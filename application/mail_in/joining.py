"""SOP 5.1, 5.9: a participant's mail joins its case, and may dispute the resolution (R-5.9c)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from application.cases.attachments import File, harmless_name, keep_what_may_be
from application.cases.opening import Opening
from application.execution.attempt import Attempt, Words
from application.execution.pseudonyms import Pseudonyms
from application.mail_in.parsing import Mail
from application.mail_in.parsing.intent import Intent, intent_of
from application.mail_out.addresses import Addresses
from application.mail_out.notices import Notices
from domain.aggregate import Root
from domain.case import Case
from domain.case.clauses.logging import IncidentReport
from domain.case.status import Status
from domain.errors import DisputeWindowClosed, InvalidTransition
from domain.fate import JoinedAs
from domain.receipt import Receipt
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Role

MAIL_SYSTEM = Actor("system:mail", Role.SYSTEM)
"""The actor that records the fate of incoming and outgoing mail."""
_LISTED = 50
"""Most refused attachments that a note names."""
_NO_SUBJECT, _NO_TEXT, _UNKNOWN = "(no subject)", "(no text)", "unknown"


@dataclass(frozen=True)
class Taking:
    """A message during the decision: its receipt, its content, and the attempt."""

    receipt: Receipt
    mail: Mail
    on: Attempt
    """The attempt, with the message's channel."""

    @property
    def sender(self) -> str:
        """The writer's id."""
        return self.receipt.raw.subject

    @property
    def theirs(self) -> Attempt:
        """The same attempt with the writer as actor: the words of a mail are its writer's."""
        return self.on.acted_by(Actor(self.sender, Role.CUSTOMER))

    @property
    def by_hand(self) -> bool:
        """Whether a person, who has read it, takes the message in."""
        return self.on.request.actor.role is not Role.INTAKE

    def words(self, **said: str | None) -> Disclosure | None:
        """Return words of the writer."""
        return self.on.say(self.sender, DisclosureKind.CUSTOMER_WORDS, said)


class Joining:
    """Opens cases from messages, and adds messages to cases. Every method returns the aggregates it changed,
    except the receipt.
    """

    def __init__(self, opening: Opening, notices: Notices, pseudonyms: Pseudonyms, addresses: Addresses) -> None:
        self._opening, self._notices = opening, notices
        self._pseudonyms, self._addresses = pseudonyms, addresses

    async def open(self, taking: Taking) -> list[Root]:
        """Log a case from a message (R-5.2b).

        After the hourly limit of cases for one writer, the last case takes their further messages.
        """
        on = taking.on
        if (holding := await self._notices.holding_case(taking.sender, on.at, on.policy)) is not None:
            return await self._hold(holding, taking)
        report = await self._report(taking)
        number, case_id = await self._opening.identity(on)
        return await self._logged(Case.log(case_id, number, report, on.policy, on.provenance), taking)

    async def open_released(self, taking: Taking, reason: Disclosure | None) -> list[Root]:
        """Log a case from a released message, with the fields that can be read."""
        on, report = taking.on, await self._report(taking)
        number, case_id = await self._opening.identity(on)
        # Received when it arrived, however long ago. No person backdates it, so no limit applies (R-5.2a).
        case = Case.log_imported(case_id, number, report, on.provenance)
        left_out = await self._keep_files(case, taking)
        taking.receipt.release(case.number, on.provenance, reason=reason, left_out=left_out)
        return [case, *await self._answer(case, taking)]

    async def join(self, case: Case, taking: Taking, *, reason: Disclosure | None = None) -> list[Root]:
        """Add a message to a case. On a resolved case it may dispute the resolution.

        A message received before the resolution does not concern it (R-5.9c). If a person joins it, they have read it:
        after the window it is then an ordinary message.
        """
        on, receipt = taking.on, taking.receipt
        machine = receipt.channel is Channel.MONITORING  # never disputes, whoever takes it in
        settled = not machine and case.can_be_about_resolution(receipt.received_at)
        intent = intent_of(taking.mail.text) if settled else Intent.THANKS
        if intent is not Intent.THANKS and _is_over(case, taking) and not taking.by_hand:
            return await self._follow_up(case, taking)
        answers = not machine and await self._answers(case, taking)
        self.correspond(case, taking, automatic=False, unclear=case.awaits_customer and not (machine or answers))
        if answers:
            case.answered(case.version, on.policy, on.provenance)
        left_out = await self._keep_files(case, taking)
        joined = _contest(case, taking, intent)
        suppressed = taking.mail.suppressing
        receipt.join(case.number, joined, on.provenance, reason=reason, suppressed=suppressed, left_out=left_out)
        return [case]

    def correspond(self, case: Case, taking: Taking, *, automatic: bool, unclear: bool = False) -> None:
        """Record the message on a case. ``unclear``: a person must decide whether it answers a question."""
        mail, on, receipt = taking.mail, taking.on, taking.receipt
        case.receive_message(
            str(receipt.id),
            taking.sender,
            receipt.received_at,
            taking.words(subject=mail.subject or None, text=mail.text or None, quoted=mail.quoted or None),
            on.say(taking.sender, DisclosureKind.CONTACT, {"name": mail.name, "email": mail.sender}),
            on.provenance,
            channel=receipt.channel,
            automatic=automatic,
            written_to=_written_to(taking),
            read_by=on.at + on.policy.read_answer if unclear else None,
        )

    async def _logged(self, case: Case, taking: Taking) -> list[Root]:
        left_out, suppressed = await self._keep_files(case, taking), taking.mail.suppressing
        taking.receipt.log(case.number, taking.on.provenance, suppressed=suppressed, left_out=left_out)
        return [case, *await self._answer(case, taking)]

    async def _answer(self, case: Case, taking: Taking) -> list[Root]:
        mail = taking.mail
        unwanted = not mail.answerable or self._addresses.is_ours(mail.sender or "")
        return await self._notices.acknowledge(case, taking.on, answers=mail.message_id or None, unwanted=unwanted)

    async def _follow_up(self, closed: Case, taking: Taking) -> list[Root]:
        """Open a new case for a later contact about a closed one (R-5.9f)."""
        on = taking.on
        offered = closed.service if closed.service and on.reference.owner_of(closed.service) else None
        report = await self._report(taking, service=offered, agency=closed.agency)
        number, case_id = await self._opening.identity(on)
        case = closed.follow_up(case_id, number, report, on.policy, taking.theirs.provenance)
        return await self._logged(case, taking)

    async def _hold(self, case: Case, taking: Taking) -> list[Root]:
        """Add a message to the case that takes all further mail of its writer. It disputes nothing."""
        self.correspond(case, taking, automatic=False, unclear=case.awaits_customer)
        left_out, suppressed = await self._keep_files(case, taking), taking.mail.suppressing
        provenance = taking.on.provenance
        taking.receipt.join(case.number, JoinedAs.REPLY, provenance, suppressed=suppressed, left_out=left_out)
        return [case]

    async def _answers(self, case: Case, taking: Taking) -> bool:
        """Whether a message answers the case's question: it is from the customer, or from the question's recipient.

        Other participants may not know the question, so a person reads their messages.
        """
        if not case.awaits_answer_of(taking.receipt.received_at):
            return False
        asked = await self._notices.address(case, taking.on.reference)
        return taking.sender in {case.customer, case.reporter, asked and await self._pseudonyms.of(asked)}

    async def _keep_files(self, case: Case, taking: Taking) -> int:
        """Attach the files that the policy accepts. Returns the number refused: a note says where they are."""
        files = [File(each.name, each.said_type, each.content, each.content_id) for each in taking.mail.files]
        on, refused = taking.theirs, []
        if files:  # typing and hashing megabytes takes long
            refused = await asyncio.to_thread(keep_what_may_be, case, files, on, visible_to_customer=True)
        why = [f"{harmless_name(file.name)}: {error}" for file, error in refused]
        why += ["one that is too large to be taken out of it"] * taking.mail.left
        if why:
            text = f"Not on the case, but in message {taking.receipt.id} as it came:\n" + "\n".join(why[:_LISTED])
            note = taking.words(text=text)
            assert note is not None
            case.note(note, taking.on.acted_by(MAIL_SYSTEM).provenance)
        return len(why)

    async def _report(self, taking: Taking, *, service: str | None = None, agency: str | None = None) -> IncidentReport:
        """Make the report for a case from a mail."""
        mail, receipt = taking.mail, taking.receipt
        reached = {} if receipt.channel is Channel.MONITORING else contact_of(mail)  # nobody writes to a robot
        contact: Words = {"name": mail.name or mail.sender or _UNKNOWN, **reached}
        words: Words = {"subject": mail.subject or _NO_SUBJECT, "description": mail.words or _NO_TEXT}
        if mail.text and mail.quoted:
            words["quoted"] = mail.quoted
        report = IncidentReport(
            receipt.channel,
            receipt.received_at,
            taking.sender,
            agency=agency,
            service=service,
            message=str(receipt.id),
            written_to=_written_to(taking),
        )
        sealed = await self._opening.sealed(report, contact, words, {}, taking.on)
        # A writer without an address is a person of their own; their words and the raw message are erased together.
        return sealed.of_customer(taking.sender)


def contact_of(mail: Mail) -> Words:
    """Return the writer's address as a contact."""
    return {"email": mail.sender} if mail.sender else {}


def _is_over(case: Case, taking: Taking) -> bool:
    """Whether the dispute window was over when the message arrived (R-5.9c, R-5.9f)."""
    return case.status is Status.CLOSED and not case.can_be_disputed(taking.receipt.received_at)


def _contest(case: Case, taking: Taking, intent: Intent) -> JoinedAs:
    """Dispute the resolution or stop the timer, depending on the intent (R-5.9c)."""
    try:
        if intent is Intent.DISPUTE:
            _dispute(case, taking)
            return JoinedAs.DISPUTE
        if intent is Intent.UNCLEAR:
            _suspect(case, taking)
            return JoinedAs.CANDIDATE
    except (DisputeWindowClosed, InvalidTransition):
        pass  # already reopened, held or over: only record it on the case
    return JoinedAs.REPLY


def _dispute(case: Case, taking: Taking) -> None:
    on = taking.on if taking.by_hand else taking.theirs
    case.dispute(
        taking.receipt.received_at,
        on.policy,
        on.provenance,
        channel=taking.receipt.channel,
        reason=taking.words(reason=taking.mail.words or _NO_TEXT),
        witnessed=True,
    )


def _suspect(case: Case, taking: Taking) -> None:
    case.suspect_dispute(
        taking.receipt.received_at,
        taking.words(text=taking.mail.words or _NO_TEXT),
        taking.on.policy,
        taking.on.provenance,
        channel=taking.receipt.channel,
        witnessed=True,
    )


def _written_to(taking: Taking) -> Disclosure | None:
    """Return the people in To and Cc. They are kept confidential and erased with the message."""
    mail = taking.mail
    people = {"to": mail.to, "cc": mail.cc} if mail.to or mail.cc else {}
    written = {field: [person._asdict() for person in persons] for field, persons in people.items()}
    return taking.on.say(taking.sender, DisclosureKind.CONTACT, written)
