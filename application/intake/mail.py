"""SOP 5.1-5.2: mail that comes in becomes a case, or waits where people see it; none is lost, none counts twice.

Bytes and digest are on the record before anybody is told that they came (R-5.1d).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError

from application.casework import Words
from application.handling import Logging
from application.intake.reading import Mail, read_mail
from application.reference import Reference
from application.requests import Committed, Request
from domain.aggregate import Root
from domain.case import Case
from domain.case.logging import Report
from domain.case.status import STAFF
from domain.errors import Forbidden, InvalidTransition, NotFound
from domain.intake import Receipt, authorise_intake, receipt_id
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance

_NO_SUBJECT, _NO_TEXT, _UNKNOWN = "(no subject)", "(no text)", "unknown"


class Outcome(StrEnum):
    """What became of a message (`design.md`, HTTP)."""

    OPENED = "opened"
    DUPLICATE = "duplicate"
    """It came before, and its first coming is what counts (R-5.1c)."""
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Received:
    """The answer to whoever handed a message in."""

    outcome: Outcome
    case: str | None
    """The case it opened, now or when it first came."""
    receipt: UUID
    position: int


class MailIntake(Logging):
    """The commands on what machines hand in."""

    def receive(self, raw: bytes, request: Request) -> Received:
        """Take in a mail as it came, whatever it is (R-5.1c, R-5.1d, R-5.2b). Raises Forbidden, Busy."""
        authorise_intake(request.actor, "receive_message")
        digest, mail = sha256(raw).hexdigest(), read_mail(raw)
        stream = receipt_id(request.actor.subject, digest, mail.message_id)

        def attempt(reference: Reference) -> Committed:
            if (known := self._receipt(stream)) is not None:
                return Committed(known, self.register.history(stream)[-1].position, replayed=True)
            provenance = self._provenance(request, Channel.EMAIL)
            kept = self._say(self.customer_id(_contact(mail)), DisclosureKind.MESSAGE, {"raw": b64encode(raw).decode()})
            assert kept is not None
            receipt = Receipt.receive(stream, Channel.EMAIL, digest, len(raw), kept, provenance)
            if mail.cause is not None:
                receipt.quarantine(mail.cause, provenance)
                return self._commit(receipt, (), request, reference)
            report, number = self._report(receipt, mail, request, reference), self.register.next_case_number()
            case = Case.log(self._new_id(provenance), number, report, reference.policy, provenance)
            receipt.log(case.number, provenance)
            return self._commit(receipt, (case,), request, reference)

        committed = self._decide(str(stream), request, attempt)
        return _told(committed)

    def release_message(self, receipt: UUID, reason: str | None, request: Request) -> Committed:
        """Log a case from a message in quarantine, as well as can be. Raises Forbidden, NotFound, InvalidTransition."""

        def decide(held: Receipt, provenance: Provenance, reference: Reference) -> list[Root]:
            held.require_waiting("release_message")
            raw = _bytes_of(held)
            if raw is None:
                raise InvalidTransition("release_message", "erased")
            report, number = self._report(held, read_mail(raw), request, reference), self.register.next_case_number()
            # The desk has had it since it came, however long ago: nobody dates anything back by hand (R-5.2a).
            case = Case.log_imported(self._new_id(provenance), number, report, provenance)
            held.release(case.number, provenance, reason=self._why(held, reason))
            return [case]

        return self._on_receipt("release_message", receipt, request, decide)

    def discard_message(self, receipt: UUID, reason: str, request: Request) -> Committed:
        """Decide that a message is nothing for the desk; it is kept. Raises Forbidden, NotFound, InvalidTransition."""

        def decide(held: Receipt, provenance: Provenance, _: Reference) -> list[Root]:
            why = self._why(held, reason)
            assert why is not None
            held.discard(why, provenance)
            return []

        return self._on_receipt("discard_message", receipt, request, decide)

    def receipt(self, receipt: UUID, actor: Actor) -> Receipt:
        """A message as it came and what became of it; staff only. Raises Forbidden, NotFound."""
        if actor.role not in STAFF:
            raise Forbidden(f"messages need the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
        return self._held(receipt)

    def has_receipt(self, receipt: UUID) -> bool:
        """Whether there is such a message."""
        return self._receipt(receipt) is not None

    def _on_receipt(
        self,
        command: str,
        receipt: UUID,
        request: Request,
        decide: Callable[[Receipt, Provenance, Reference], list[Root]],
    ) -> Committed:
        authorise_intake(request.actor, command)

        def attempt(reference: Reference) -> Committed:
            held = self._held(receipt)
            self._expect(held, request)
            others = decide(held, self._provenance(request, held.channel), reference)
            return self._commit(held, others, request, reference)

        return self._keys.once(request, lambda: self._decide(str(receipt), request, attempt))

    def _report(self, receipt: Receipt, mail: Mail, request: Request, reference: Reference) -> Report:
        """What a mail says, as a case is logged from it."""
        contact = {"name": mail.name or mail.sender or _UNKNOWN, **_contact(mail)}
        words = {"subject": mail.subject or _NO_SUBJECT, "description": mail.text or _NO_TEXT}
        whose = receipt.raw.subject
        report = Report(receipt.channel, receipt.received_at, whose)
        sealed = self._sealed(report, contact, words, {}, request, reference)
        # Whoever wrote without an address is a person of his own; what he wrote and how it came are erased together.
        return replace(sealed, customer=whose, contact=_of(whose, sealed.contact), words=_of(whose, sealed.words))

    def _held(self, receipt: UUID) -> Receipt:
        known = self._receipt(receipt)
        if known is None:
            raise NotFound(f"there is no message {receipt}")
        return known

    def _receipt(self, stream: UUID) -> Receipt | None:
        try:
            found: Root = self.repository.get(stream)
        except AggregateNotFoundError:
            return None
        return found if isinstance(found, Receipt) else None

    def _why(self, held: Receipt, reason: str | None) -> Disclosure | None:
        return self._say(held.raw.subject, DisclosureKind.STAFF_WORDS, {"reason": reason})


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """A message as people in front of the quarantine read it: what it says, and what became of it."""
    raw = _bytes_of(receipt)
    mail = None if raw is None else read_mail(raw)
    return {
        "id": receipt.id,
        "version": receipt.version,
        "state": receipt.state,
        "cause": receipt.cause,
        "case": receipt.case,
        "channel": receipt.channel,
        "received_at": receipt.received_at,
        "size": receipt.size,
        "sha256": receipt.sha256,
        "sender": mail and mail.sender,
        "subject": mail and mail.subject,
        "text": mail and mail.text,
        "erased": raw is None,
    }


def _told(committed: Committed) -> Received:
    receipt = committed.root
    assert isinstance(receipt, Receipt)
    opened = Outcome.QUARANTINED if receipt.case is None else Outcome.OPENED
    outcome = Outcome.DUPLICATE if committed.replayed else opened
    return Received(outcome, receipt.case, receipt.id, committed.position)


def _contact(mail: Mail) -> Words:
    return {"email": mail.sender} if mail.sender else {}


def _bytes_of(receipt: Receipt) -> bytes | None:
    """The message as it came; None once erased."""
    raw = receipt.raw.text("raw")
    return None if raw is None else b64decode(raw)


def _of(subject: str, said: Disclosure | None) -> Disclosure | None:
    """The same words, said to be somebody's."""
    return said and Disclosure(said.digest, subject, said.kind, said.value, said.salt)
