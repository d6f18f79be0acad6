"""SOP 5.1-5.2: mail intake, the same for every channel. No mail is lost, and none counts twice.

Bytes and digest are on the record before the sender gets a confirmation (R-5.1d).
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from application.execution.attempt import Attempt
from application.execution.pseudonyms import Pseudonyms
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from application.mail_in.alerts import signal_of
from application.mail_in.envelope import Envelope
from application.mail_in.joining import MAIL_SYSTEM, Joining, Taking, contact_of
from application.mail_in.parsing import Mail, read_mail
from application.mail_in.parsing.bounces import Fate
from application.mail_in.threading import Threading
from application.mail_out.addresses import Addresses
from application.mail_out.notices import Notices
from application.mail_out.outbox import come_back
from application.monitoring.intake import AlertIntake
from application.monitoring.signals import ByMail, Delivery
from domain.aggregate import Root
from domain.case import Case
from domain.fate import JoinedAs, ReceiptCause, ReceiptState
from domain.monitoring.alert import alert_id
from domain.outgoing_mail import Message
from domain.receipt import Receipt, authorise_intake, receipt_id
from domain.values import Channel, DisclosureKind


class MailOutcome(StrEnum):
    """The outcome of a message (`design.md`, HTTP)."""

    OPENED = "opened"
    REPLY = "reply"
    """It joined the case that it answers. On a resolved case, unclear intent stops the timer."""
    DISPUTE = "dispute"
    """It disputed the resolution and reopened the case (R-5.9c)."""
    BOUNCE = "bounce"
    """It is a delivery report."""
    SUGGESTION = "suggestion"
    """It may be about a case: a person decides."""
    RECORDED = "recorded"
    """No person wrote it: it is kept."""
    DUPLICATE = "duplicate"
    """It is a repetition: only the first arrival counts (R-5.1c)."""
    QUARANTINED = "quarantined"


_OUTCOMES = {
    ReceiptState.LOGGED: MailOutcome.OPENED,
    ReceiptState.JOINED: MailOutcome.REPLY,
    ReceiptState.RETURNED: MailOutcome.BOUNCE,
    ReceiptState.RECORDED: MailOutcome.RECORDED,
    ReceiptState.QUARANTINED: MailOutcome.QUARANTINED,
}


@dataclass(frozen=True)
class Received:
    """The answer to the sender of a message."""

    outcome: MailOutcome
    case: str | None
    """The case that it opened, joined, reports on, or may concern."""
    receipt: UUID
    position: int


@dataclass(frozen=True)
class _Arrival:
    """A mail before it is recorded."""

    stream: UUID
    raw: bytes
    envelope: Envelope
    mail: Mail
    channel: Channel


class MailIntake:
    """The one path of all mail: by SMTP, by LMTP, from a mailbox, by HTTP."""

    def __init__(
        self,
        runner: CommandRunner,
        joining: Joining,
        threading: Threading,
        notices: Notices,
        alerts: AlertIntake,
        pseudonyms: Pseudonyms,
        addresses: Addresses,
    ) -> None:
        self._runner, self._references, self._repository = runner, runner.references, runner.repository
        self._joining, self._threading, self._notices, self._alerts = joining, threading, notices, alerts
        self._pseudonyms, self._addresses = pseudonyms, addresses

    async def receive(self, raw: bytes, envelope: Envelope, request: Request) -> Received:
        """Take in any mail (R-5.1c, R-5.1d, R-5.2b). Raises Forbidden, Busy."""
        return await self._receive(await self._read(raw, envelope), raw, envelope, request)

    async def receive_unread(self, raw: bytes, envelope: Envelope, request: Request) -> Received:
        """Put a mail that keeps failing into the quarantine. Reads only its sender.

        Raises Forbidden, Busy.
        """
        read = await self._read(raw, envelope)
        mail = Mail(read.message_id, read.digest, read.sender, read.name, held=ReceiptCause.UNREADABLE)
        return await self._receive(mail, raw, envelope, request)

    async def _read(self, raw: bytes, envelope: Envelope) -> Mail:
        return await asyncio.to_thread(read_mail, raw, envelope, self._addresses)

    async def _receive(self, mail: Mail, raw: bytes, envelope: Envelope, request: Request) -> Received:
        authorise_intake(request.actor, "receive_message")
        stream = receipt_id(self._addresses.mailbox, mail.digest, mail.message_id)
        source = await self._source_of(mail)
        if source is not None and not await self._is_one_too_many(mail, source):
            arrived_at = await self._arrived_at(envelope)
            handed = ByMail(source, stream, await self._pseudonyms.of(contact_of(mail)), arrived_at)
            return await self._alarmed(Delivery(raw, (signal_of(mail),), mail=handed), request)
        channel = Channel.EMAIL if source is None else Channel.MONITORING
        arrival = _Arrival(stream, raw, envelope, mail, channel)

        async def attempt(on: Attempt) -> Committed:
            known = await self._repository.find(Receipt, stream)
            if known is not None:
                return Committed(known, await self._runner.position_of(known), replayed=True)
            on = on.through(channel)
            returned = await self._threading.returned(mail) if mail.returned else None
            receipt = await self._recorded(arrival, returned, on)
            return await self._runner.commit(receipt, on, await self._become(Taking(receipt, mail, on), returned))

        return _received(await self._runner.try_until_committed(str(stream), request, attempt))

    async def _recorded(self, arrival: _Arrival, returned: Message | None, on: Attempt) -> Receipt:
        """Record the receipt of a message. The receipt of a bounce belongs to the recipient of the bounced mail."""
        whose = returned.recipient.subject if returned else await self._pseudonyms.of(contact_of(arrival.mail))
        arrived_at = await self._arrived_at(arrival.envelope)
        return await asyncio.to_thread(_sealed, arrival, whose, arrived_at, on)

    async def _become(self, taking: Taking, returned: Message | None) -> list[Root]:
        """Classify a message in the order of `intake.md` and act on it. Returns the other changed aggregates."""
        mail, receipt, provenance = taking.mail, taking.receipt, taking.on.provenance
        if mail.held is not None:
            receipt.quarantine(mail.held, provenance, suggestion=await self._unread_about(taking))
            return []
        if mail.machine is ReceiptCause.OURS:
            receipt.keep(ReceiptCause.OURS, provenance)
            return []
        if mail.returned is not None:
            return await self._come_back(taking, returned)
        if receipt.channel is Channel.MONITORING:
            return await self._joining.open(taking)
        if mail.machine is not None:
            return await self._keep(taking, mail.machine)
        return await self._take_from_person(taking)

    async def _come_back(self, taking: Taking, returned: Message | None) -> list[Root]:
        """Process a delivery report. After a failure the desk must inform the customer by other means (R-5.9g)."""
        report = taking.mail.returned
        assert report is not None
        case = await self._repository.get(Case, returned.case) if returned and returned.report is None else None
        taking.receipt.come_back(
            report.fate,
            taking.on.provenance,
            case=case.number if case else None,
            message=returned.message_id if returned else None,
            code=report.code,
        )
        if returned is None or report.fate is not Fate.FAILED:
            return []
        come_back(returned, case, f"dsn-{report.code or 'unknown'}", taking.on.acted_by(MAIL_SYSTEM))
        return [root for root in (returned, case) if root is not None and root.pending_events]

    async def _keep(self, taking: Taking, machine: ReceiptCause) -> list[Root]:
        """Record an automatic mail on the case that it answers. It changes no state (RFC 3834)."""
        mail, on = taking.mail, taking.on
        thread = await self._threading.thread_of(mail) if machine is ReceiptCause.AUTOMATIC else None
        taking.receipt.keep(machine, on.provenance, case=thread.case.number if thread else None)
        if thread is None or not thread.sure:
            return []
        if not await self._threading.takes_part(thread.case, mail, on.reference):
            return []
        self._joining.correspond(thread.case, taking, automatic=True)
        return [thread.case]

    async def _take_from_person(self, taking: Taking) -> list[Root]:
        thread = await self._threading.thread_of(taking.mail)
        if thread is None:
            return await self._joining.open(taking)
        takes_part = await self._threading.takes_part(thread.case, taking.mail, taking.on.reference)
        if thread.sure and takes_part:
            return await self._joining.join(thread.case, taking)
        cause = ReceiptCause.NUMBER if takes_part else ReceiptCause.STRANGER
        taking.receipt.quarantine(cause, taking.on.provenance, suggestion=thread.case.number)
        return []

    async def _unread_about(self, taking: Taking) -> str | None:
        """Return the case of an unread mail, if its writer is a participant."""
        mail = taking.mail
        thread = await self._threading.thread_of(mail) if mail.machine is None else None
        if thread is None or not await self._threading.takes_part(thread.case, mail, taking.on.reference):
            return None
        return thread.case.number

    async def _arrived_at(self, envelope: Envelope) -> datetime | None:
        """Return when it reached the mailbox. None (now) beyond the policy's `oldest_contact`."""
        arrived, now = envelope.arrived_at, self._runner.clock.now()
        policy = (await self._references.current()).policy
        return None if arrived is None or now - arrived > policy.oldest_contact else min(arrived, now)

    # mail of monitoring systems

    async def _source_of(self, mail: Mail) -> str | None:
        """Return the monitoring source of a readable mail that is neither a report nor our own mail."""
        if (
            mail.held is not None
            or mail.returned is not None
            or mail.machine is ReceiptCause.OURS
            or mail.sender is None
        ):
            return None
        await self._references.refresh()  # another process may just have registered it
        return (await self._references.current()).senders.get(mail.sender.casefold())

    async def _is_one_too_many(self, mail: Mail, source: str) -> bool:
        """Whether it would open a case beyond the sender's limit (`intake.md`, Loop limits)."""
        signal, now = signal_of(mail), self._runner.clock.now()
        if not signal.firing or await self._runner.register.latest([alert_id(source, signal.identity)]):
            return False
        writer, policy = await self._pseudonyms.of(contact_of(mail)), (await self._references.current()).policy
        return await self._notices.holding_case(writer, now, policy) is not None

    async def _alarmed(self, delivery: Delivery, request: Request) -> Received:
        """Take in a monitoring mail as a signal. Another mail with the same content is a heartbeat, no duplicate."""
        taken = await self._alerts.take_signals(delivery, request)
        outcome = MailOutcome(taken.outcome)
        if outcome is MailOutcome.DUPLICATE and taken.signals:
            outcome = MailOutcome.RECORDED
        return Received(outcome, taken.case, taken.receipt, taken.position)


def outcome_of(receipt: Receipt) -> MailOutcome:
    """Return the outcome of a message that was new."""
    if receipt.state is ReceiptState.JOINED and receipt.joined is JoinedAs.DISPUTE:
        return MailOutcome.DISPUTE
    if receipt.state is ReceiptState.QUARANTINED and receipt.cause in (ReceiptCause.STRANGER, ReceiptCause.NUMBER):
        return MailOutcome.SUGGESTION
    return _OUTCOMES[receipt.state]


def _sealed(arrival: _Arrival, whose: str, arrived_at: datetime | None, on: Attempt) -> Receipt:
    """Make the receipt of a message with its bytes. Encoding and hashing megabytes takes long."""
    words = {
        "raw": b64encode(arrival.raw).decode(),
        "sender": arrival.envelope.sender,
        "recipients": ", ".join(arrival.envelope.recipients[:100]) or None,
    }
    kept = on.say(whose, DisclosureKind.MESSAGE, words)
    assert kept is not None
    digest, size = sha256(arrival.raw).hexdigest(), len(arrival.raw)
    return Receipt.receive(arrival.stream, arrival.channel, digest, size, kept, on.provenance, received_at=arrived_at)


def _received(committed: Committed) -> Received:
    receipt = committed.root
    assert isinstance(receipt, Receipt)
    outcome = MailOutcome.DUPLICATE if committed.replayed else outcome_of(receipt)
    return Received(outcome, receipt.case or receipt.suggestion, receipt.id, committed.position)
