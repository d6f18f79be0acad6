"""Whom a resolution is told to, and who is told that his case is open: mails queued in that transaction (R-5.9a, R-5.9g).

What answers machines' mail must not be answered for ever (RFC 3834): the limits are the policy's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from application.execution.identifiers import uuid7
from application.execution.reference import entry_id
from application.execution.runner import Casework, Words
from application.mail_out.letters import LetterKind
from domain.aggregate import Root
from domain.case import Case
from domain.case.status import SETTLED, Status
from domain.case.terms import ResolutionCode
from domain.catalogue import Customer, ListedCustomer
from domain.errors import Invalid
from domain.outgoing_mail import Message
from domain.values import Disclosure, DisclosureKind, Provenance

_HOUR = timedelta(hours=1)
_NOBODY = re.compile(
    r"(?:mailer-daemon|mail-daemon|postmaster|bounces?|no[-_.]?reply|do[-_.]?not[-_.]?reply|listserv|majordomo"
    r"|owner-.*|.*-(?:owner|request|bounces?))(?:\+.*)?@.*",
    re.IGNORECASE | re.DOTALL,
)
"""Whom nothing is answered: servers, robots, lists (RFC 3834, 2)."""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}@[!-;=?-~]{1,240}>")
_KINDS = {ResolutionCode.REFERRED: LetterKind.REFERRED, ResolutionCode.DUPLICATE: LetterKind.CONTINUED}


class Telling(Casework):
    """Queues mails."""

    def _tell(self, case: Case, provenance: Provenance) -> list[Root]:
        """Queue the mail about the case's resolution; without an address that is on the record instead.

        A referral is told in person as well, and a duplicate has no window: there a missing address changes nothing.
        """
        assert case.resolution is not None
        kind = _KINDS.get(case.resolution.code, LetterKind.RESOLVED)
        told = self._address(case)
        if told is None:
            if kind is LetterKind.RESOLVED:
                case.not_notified("no-address", self.policy, provenance)
            return []
        recipient = self._say(case.customer, DisclosureKind.CONTACT, told)
        assert recipient is not None
        assert case.resolution_version is not None
        return [self._queued(kind, case, recipient, provenance, resolution=case.resolution_version)]

    def _tell_again(self, case: Case, provenance: Provenance) -> list[Root]:
        """A case whose customer could not be told, and whose window has not started, is told at the new address."""
        waits = case.status is Status.RESOLVED and case.dispute_until is None and case.failed_notifications > 0
        return self._tell(case, provenance) if waits else []

    def _ask(self, case: Case, provenance: Provenance) -> Message:
        """Queue the mail with the question that the case waits for. Raises Invalid where nobody can be written to."""
        told = self._address(case)
        if told is None or _NOBODY.fullmatch(told["email"]) or self.addresses.is_ours(told["email"]):
            raise Invalid(
                "no address of the customer's to write to: ask by other means, or correct `email`", "/question"
            )
        recipient = self._say(case.customer, DisclosureKind.CONTACT, told)
        assert recipient is not None
        assert case.question is not None
        asked = case.question.version
        return self._queued(LetterKind.QUESTION, case, recipient, provenance, resolution=None, question=asked)

    def _acknowledge(
        self, case: Case, provenance: Provenance, *, answers: str | None = None, unwanted: bool = False
    ) -> list[Root]:
        """Queue the mail that says which case it is; nothing where the policy or the sender wants none (RFC 3834).

        ``answers`` is the Message-ID of what the customer sent. ``unwanted`` says that it asked for no automatic answer:
        from nobody, by a robot or a list, of automatic origin, or a mail of our own that came back (`intake.md`).
        """
        told = self._address(case)
        if unwanted or told is None or case.impersonal or case.channel not in self.policy.acknowledged:
            return []
        if _NOBODY.fullmatch(told["email"]) or self.addresses.is_ours(told["email"]):
            return []
        if self._mails_since(case.customer, provenance, _HOUR) >= self.policy.automatic_mails_an_hour:
            return []
        if not case.is_new and self._acknowledged_lately(case, provenance):
            return []
        answered = answers if answers and _MESSAGE_ID.fullmatch(answers) else None
        recipient = self._say(case.customer, DisclosureKind.CONTACT, {**told, "answers": answered})
        assert recipient is not None
        return [self._queued(LetterKind.ACKNOWLEDGED, case, recipient, provenance, resolution=None)]

    def _holding_case(self, customer: str, at: datetime) -> Case | None:
        """Where the mail of somebody goes who opened so many cases within an hour that he is to open no more.

        The last of them that somebody still has before him: in one that is settled nobody would look.
        """
        opened = self.register.begun(customer, "case.logged", uuid7(at - _HOUR, bytes(10)))
        if len(opened) < self.policy.cases_an_hour:
            return None
        cases: Iterator[Case] = map(self.repository.get, reversed(opened))
        return next((case for case in cases if case.status not in SETTLED), None)

    def _mails_since(self, customer: str, provenance: Provenance, ago: timedelta) -> int:
        return len(self.register.begun(customer, "message.queued", uuid7(provenance.at - ago, bytes(10))))

    def _acknowledged_lately(self, case: Case, provenance: Provenance) -> bool:
        since = uuid7(provenance.at - self.policy.acknowledgement_interval, bytes(10))
        sent = map(self._message, self.register.begun(case.customer, "message.queued", since))
        return any(mail.case == case.number and mail.kind == LetterKind.ACKNOWLEDGED for mail in sent)

    def _message(self, stream: UUID) -> Message:
        message: Message = self.repository.get(stream)
        return message

    def _queued(
        self,
        kind: LetterKind,
        case: Case,
        recipient: Disclosure,
        provenance: Provenance,
        *,
        resolution: int | None,
        question: int | None = None,
    ) -> Message:
        id_ = self._new_id(provenance)
        name = f"<{id_}@{self.addresses.domain}>"
        return Message.queue(id_, kind, case.number, resolution, name, recipient, provenance, question=question)

    def _address(self, case: Case) -> Words | None:
        """The customer's address as last corrected, else the directory's, else that of the service's owner."""
        said = dict((case.contact and case.contact.texts) or {})
        for field in ("name", "email"):
            if field in case.corrections:
                said[field] = case.corrections[field].text(field)
        if said.get("email"):
            return {"email": said["email"], "name": said.get("name")}
        return self._listed_address(case.customer) or (self._owners_address(case) if case.impersonal else None)

    def _listed_address(self, customer: str) -> Words | None:
        stream = entry_id("customer", customer)
        if not self.register.existing([stream]):
            return None
        listed: ListedCustomer = self.repository.get(stream)
        entry: Customer = listed.entry
        told = listed.contact.texts if listed.contact and not entry.retired else None
        return {"email": told["email"], "name": told.get("name")} if told and told.get("email") else None

    def _owners_address(self, case: Case) -> Words | None:
        service = self.references.current().owner_of(case.service)
        told = service.contact.texts if service and service.contact else None
        return {"email": told["email"], "name": told.get("name")} if told and told.get("email") else None
