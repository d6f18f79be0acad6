"""SOP 5.1-5.2: what becomes of a mail that comes in, from wherever; none is lost, none counts twice.

Bytes and digest are on the record before anybody is told that they came (R-5.1d).
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.mail_in.envelope import Envelope
from application.mail_in.joining import MAIL_SYSTEM, Taking, contact_of
from application.mail_in.parsing import Mail, read_mail
from application.mail_in.parsing.bounces import Fate
from application.mail_in.quarantine import Quarantine
from application.mail_out.outbox import Mailing
from application.monitoring.intake import AlertIntake
from application.monitoring.mails import signal_of
from application.monitoring.signals import ByMail, Delivery
from domain.aggregate import Root
from domain.alert import alert_id
from domain.case import Case
from domain.fate import JoinedAs, ReceiptCause, ReceiptState
from domain.outgoing_mail import Message
from domain.receipt import Receipt, authorise_intake, receipt_id
from domain.values import Channel, DisclosureKind, Provenance


class Outcome(StrEnum):
    """What became of a message (`design.md`, HTTP)."""

    OPENED = "opened"
    REPLY = "reply"
    """It joined the case it answers; unclear in its intent, it halts the timer of one that is resolved."""
    DISPUTE = "dispute"
    """It reopened the case it answers (R-5.9c)."""
    BOUNCE = "bounce"
    """It tells what became of a mail."""
    SUGGESTION = "suggestion"
    """It may be about a case: a person decides."""
    RECORDED = "recorded"
    """No person wrote it: it is kept."""
    DUPLICATE = "duplicate"
    """It came before, and its first coming is what counts (R-5.1c)."""
    QUARANTINED = "quarantined"


_OUTCOMES = {
    ReceiptState.LOGGED: Outcome.OPENED,
    ReceiptState.JOINED: Outcome.REPLY,
    ReceiptState.RETURNED: Outcome.BOUNCE,
    ReceiptState.RECORDED: Outcome.RECORDED,
    ReceiptState.QUARANTINED: Outcome.QUARANTINED,
}


@dataclass(frozen=True)
class Received:
    """The answer to whoever handed a message in."""

    outcome: Outcome
    case: str | None
    """The case that it opened, joined, tells of, or may be about."""
    receipt: UUID
    position: int


class MailIntake(Quarantine, Mailing, AlertIntake):
    """The one path of all mail: by SMTP, by LMTP, from a mailbox, by HTTP."""

    def receive(self, raw: bytes, envelope: Envelope, request: Request) -> Received:
        """Take in a mail as it came, whatever it is (R-5.1c, R-5.1d, R-5.2b). Raises Forbidden, Busy."""
        return self._receive(read_mail(raw, envelope, self.addresses), raw, envelope, request)

    def receive_unread(self, raw: bytes, envelope: Envelope, request: Request) -> Received:
        """Put a mail into the quarantine that fails whenever it is read on; nothing but its sender is looked at."""
        read = read_mail(raw, envelope, self.addresses)
        mail = Mail(read.message_id, read.digest, read.sender, read.name, held=ReceiptCause.UNREADABLE)
        return self._receive(mail, raw, envelope, request)

    def _receive(self, mail: Mail, raw: bytes, envelope: Envelope, request: Request) -> Received:
        authorise_intake(request.actor, "receive_message")
        stream = receipt_id(self.addresses.mailbox, mail.digest, mail.message_id)
        if (source := self._monitoring(mail)) is not None and not self._is_one_too_many(mail, source):
            handed = ByMail(source, stream, self.customer_id(contact_of(mail)), self._arrived_at(envelope))
            return self._alarmed(Delivery(raw, (signal_of(mail),), mail=handed), request)

        def attempt(reference: Reference) -> Committed:
            if (known := self._receipt(stream)) is not None:
                return Committed(known, self.register.history(stream)[-1].position, replayed=True)
            returned = self._came_back(mail) if mail.returned else None
            channel = Channel.EMAIL if source is None else Channel.MONITORING
            provenance = self._provenance(request, channel)
            receipt = self._taken_in(stream, raw, envelope, mail, returned, provenance)
            taking = Taking(receipt, mail, request, reference, provenance)
            others = self._become(taking, returned)
            return self._commit(receipt, others, request, reference)

        return _told(self._decide(str(stream), request, attempt))

    def _taken_in(
        self,
        stream: UUID,
        raw: bytes,
        envelope: Envelope,
        mail: Mail,
        returned: Message | None,
        provenance: Provenance,
    ) -> Receipt:
        """The message on the record. A mail of ours that comes back is about whom it was written to."""
        whose = returned.recipient.subject if returned else self.customer_id(contact_of(mail))
        words = {
            "raw": b64encode(raw).decode(),
            "sender": envelope.sender,
            "recipients": ", ".join(envelope.recipients[:100]) or None,
        }
        kept = self._say(whose, DisclosureKind.MESSAGE, words)
        assert kept is not None
        digest, arrived = sha256(raw).hexdigest(), self._arrived_at(envelope)
        channel = provenance.via.channel or Channel.EMAIL
        return Receipt.receive(stream, channel, digest, len(raw), kept, provenance, received_at=arrived)

    def _become(self, taking: Taking, returned: Message | None) -> list[Root]:
        """Tell what it is, in the order of `intake.md`, and let follow what does. Returns what was changed beside it."""
        mail, receipt, provenance = taking.mail, taking.receipt, taking.provenance
        if mail.held is not None:
            receipt.quarantine(mail.held, provenance, suggestion=self._unread_about(mail))
            return []
        if mail.machine is ReceiptCause.OURS:
            receipt.keep(ReceiptCause.OURS, provenance)
            return []
        if mail.returned is not None:
            return self._come_back(taking, returned)
        if receipt.channel is Channel.MONITORING:
            return self._open_from(taking)
        if mail.machine is not None:
            return self._keep_record(taking)
        return self._take_from_person(taking)

    def _come_back(self, taking: Taking, returned: Message | None) -> list[Root]:
        """A delivery report: of a failure the customer is to be told by other means (R-5.9g), all else is recorded."""
        told = taking.mail.returned
        assert told is not None
        case = self._get(Case, returned.case) if returned else None
        taking.receipt.come_back(
            told.fate,
            taking.provenance,
            case=case.number if case else None,
            message=returned.message_id if returned else None,
            code=told.code,
        )
        if case is None or returned is None or told.fate is not Fate.FAILED:
            return []
        ours = replace(taking.provenance, by=MAIL_SYSTEM)
        self._returned(returned, case, f"dsn-{told.code or 'unknown'}", ours)
        return [root for root in (returned, case) if root.pending_events]

    def _keep_record(self, taking: Taking) -> list[Root]:
        """A robot's mail: on the case it answers it says that somebody is away; it changes nothing (RFC 3834)."""
        mail = taking.mail
        assert mail.machine is not None
        thread = self._thread_of(mail) if mail.machine is ReceiptCause.AUTOMATIC else None
        taking.receipt.keep(mail.machine, taking.provenance, case=thread.case.number if thread else None)
        if thread is None or not thread.sure or not self._takes_part(thread.case, mail):
            return []
        self._correspond(thread.case, taking, automatic=True)
        return [thread.case]

    def _take_from_person(self, taking: Taking) -> list[Root]:
        thread = self._thread_of(taking.mail)
        if thread is None:
            return self._open_from(taking)
        takes_part = self._takes_part(thread.case, taking.mail)
        if thread.sure and takes_part:
            return self._join(thread.case, taking)
        cause = ReceiptCause.NUMBER if takes_part else ReceiptCause.STRANGER
        taking.receipt.quarantine(cause, taking.provenance, suggestion=thread.case.number)
        return []

    def _unread_about(self, mail: Mail) -> str | None:
        """The case that a person's mail is about which is not read by itself, where he takes part in that."""
        thread = self._thread_of(mail) if mail.machine is None else None
        return thread.case.number if thread and self._takes_part(thread.case, mail) else None

    def _arrived_at(self, envelope: Envelope) -> datetime | None:
        """When it reached the mailbox; what lies there since the year before last is taken as having come now."""
        arrived, now = envelope.arrived_at, self.clock.now()
        return None if arrived is None or now - arrived > self.policy.oldest_contact else min(arrived, now)

    # mail of monitoring systems

    def _monitoring(self, mail: Mail) -> str | None:
        """The source that a mail is of: one that can be read, is no report, and none of our own that came back."""
        if (
            mail.held is not None
            or mail.returned is not None
            or mail.machine is ReceiptCause.OURS
            or mail.sender is None
        ):
            return None
        self.references.refresh()  # another process may have registered it just now
        return self.references.current().senders.get(mail.sender.casefold())

    def _is_one_too_many(self, mail: Mail, source: str) -> bool:
        """Whether it would open a case, and its sender is to open no more (`intake.md`, Loop limits)."""
        signal, now = signal_of(mail), self.clock.now()
        if not signal.firing or self.register.latest([alert_id(source, signal.identity)]):
            return False
        return self._holding_case(self.customer_id(contact_of(mail)), now) is not None

    def _alarmed(self, delivery: Delivery, request: Request) -> Received:
        """Let a mail say what it says of an alert; another mail that says the same is no duplicate, but a heartbeat."""
        taken = self.take_signals(delivery, request)
        outcome = Outcome(taken.outcome)
        if outcome is Outcome.DUPLICATE and taken.signals:
            outcome = Outcome.RECORDED
        return Received(outcome, taken.case, taken.receipt, taken.position)


def outcome_of(receipt: Receipt) -> Outcome:
    """What has become of a message that was not seen before."""
    if receipt.state is ReceiptState.JOINED and receipt.joined is JoinedAs.DISPUTE:
        return Outcome.DISPUTE
    if receipt.state is ReceiptState.QUARANTINED and receipt.cause in (ReceiptCause.STRANGER, ReceiptCause.NUMBER):
        return Outcome.SUGGESTION
    return _OUTCOMES[receipt.state]


def _told(committed: Committed) -> Received:
    receipt = committed.root
    assert isinstance(receipt, Receipt)
    outcome = Outcome.DUPLICATE if committed.replayed else outcome_of(receipt)
    return Received(outcome, receipt.case or receipt.suggestion, receipt.id, committed.position)
