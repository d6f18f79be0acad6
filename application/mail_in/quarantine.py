"""SOP 5.1: what waits for a person, and what he decides: a case of its own, part of one, or nothing (R-5.1d)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError

from application.execution.reference import Reference
from application.execution.requests import Committed, Request
from application.mail_in.addresses import Addresses
from application.mail_in.envelope import Envelope
from application.mail_in.joining import Joining, Taking
from application.mail_in.parsing import Mail, read_mail
from application.mail_in.parsing.text import undecoded
from application.ports import Entry
from domain.aggregate import Root
from domain.case import Case
from domain.case.status import STAFF
from domain.errors import Erased, Forbidden, Invalid, InvalidTransition, NotFound
from domain.fate import ReceiptState
from domain.receipt import Receipt, authorise_intake
from domain.values import Actor, Channel, Disclosure, DisclosureKind, Provenance, Role

_OF_PEOPLE = frozenset({ReceiptState.LOGGED, ReceiptState.JOINED, ReceiptState.RELEASED})
"""Where the one a message is kept under wrote it: a report that came back is kept under whom it was written to."""


class Quarantine(Joining):
    """The commands on what waits."""

    def release_message(self, receipt: UUID, reason: str | None, request: Request) -> Committed:
        """Log a case from a message in quarantine, as well as can be. Raises Forbidden, NotFound, InvalidTransition."""

        def decide(held: Receipt, provenance: Provenance, reference: Reference) -> list[Root]:
            taking = self._taking_again("release_message", held, request, reference, provenance)
            report, number = self._report(taking), self.register.next_case_number()
            # The desk has had it since it came, however long ago: nobody dates anything back by hand (R-5.2a).
            case = Case.log_imported(self._new_id(provenance), number, report, provenance)
            left = self._keep_files(case, taking)
            held.release(case.number, provenance, reason=self._why(held, reason), left_out=left)
            return [case, *self._answer(case, taking)]

        return self._on_receipt("release_message", receipt, request, decide)

    def join_message(self, receipt: UUID, number: str | None, reason: str | None, request: Request) -> Committed:
        """Take a message into a case, the suggested one where none is named; its writer takes part from then on.

        What it says counts from when it came (R-5.9c). Raises Forbidden, NotFound, InvalidTransition, Invalid.
        """

        def decide(held: Receipt, provenance: Provenance, reference: Reference) -> list[Root]:
            taking = self._taking_again("join_message", held, request, reference, provenance)
            into = number or held.suggestion
            if into is None:
                raise Invalid("no case is suggested: name one", "/case")
            return self._join(self._first_of(self._named(into)), taking, reason=self._why(held, reason))

        return self._on_receipt("join_message", receipt, request, decide)

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

    def message_as_it_came(self, receipt: UUID, actor: Actor) -> tuple[Receipt, bytes]:
        """A message and its bytes, whatever became of it; staff only. Raises Forbidden, NotFound, Erased."""
        held = self.receipt(receipt, actor)
        return held, raw_of(held)

    def message_of_case(self, number: str, receipt: UUID, actor: Actor) -> tuple[Receipt, bytes]:
        """A message of a case and its bytes; a customer reads those that they wrote. Raises Forbidden, NotFound, Erased."""
        case, held = self.case(number, actor), self._receipt(receipt)
        named = held is not None and (held.case == number or str(receipt) in {each.message for each in case.messages})
        theirs = held is not None and held.raw.subject == actor.subject and held.state in _OF_PEOPLE
        if held is None or not named or (actor.role is Role.CUSTOMER and not theirs):
            raise NotFound(f"{number} has no message {receipt}")
        return held, raw_of(held)

    def receipt_history(self, receipt: UUID, actor: Actor, *, after: int) -> list[Entry]:
        """What has become of a message since a version, without its bytes; staff only. Raises Forbidden, NotFound."""
        return self.register.history(self.receipt(receipt, actor).id, after=max(1, after))

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

    def _taking_again(
        self, command: str, held: Receipt, request: Request, reference: Reference, provenance: Provenance
    ) -> Taking:
        held.require_waiting(command)
        mail = read_again(held, self.addresses)
        if mail is None:
            raise InvalidTransition(command, "erased")
        return Taking(held, mail, request, reference, provenance)

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


def raw_of(receipt: Receipt) -> bytes:
    """The bytes of a message as it came. Raises Erased."""
    raw = receipt.raw.text("raw")
    if raw is None:
        raise Erased("this message has been erased")
    return b64decode(raw)


def read_again(receipt: Receipt, ours: Addresses) -> Mail | None:
    """A message as it was read when it came, from its bytes and its envelope; None once erased.

    What a monitoring system sent is no mail: it is shown as it came.
    """
    raw = receipt.raw.text("raw")
    if raw is None:
        return None
    if receipt.channel is Channel.MONITORING:
        return Mail(text=undecoded(b64decode(raw)))
    recipients = tuple(filter(None, (receipt.raw.text("recipients") or "").split(", ")))
    return read_mail(b64decode(raw), Envelope(receipt.raw.text("sender"), recipients), ours)


def receipt_document(receipt: Receipt, ours: Addresses) -> dict[str, Any]:
    """A message as people in front of the quarantine read it: what it says, and what became of it."""
    mail = read_again(receipt, ours)
    return {
        "id": receipt.id,
        "version": receipt.version,
        "state": receipt.state,
        "cause": receipt.cause,
        "case": receipt.case,
        "suggestion": receipt.suggestion,
        **{name: receipt.raw.text(name) for name in ("why", "alert", "part_of")},
        "channel": receipt.channel,
        "received_at": receipt.received_at,
        "size": receipt.size,
        "sha256": receipt.sha256,
        "sender": mail and mail.sender,
        "subject": mail and mail.subject,
        "text": mail and mail.text,
        "quoted": mail and mail.quoted,
        "to": mail and [person._asdict() for person in mail.to],
        "cc": mail and [person._asdict() for person in mail.cc],
        "raw": f"/quarantine/{receipt.id}/raw",
        "attachments": mail and [{"name": each.name, "size": len(each.content)} for each in mail.files],
        "erased": mail is None,
    }
