"""Notices: mails about a case, queued in the transaction that owes them (R-5.9a, R-5.9g).

Automatic answers to machines must not loop (RFC 3834). The policy sets the limits.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from application.execution.attempt import Attempt, Words
from application.execution.identifiers import uuid7
from application.execution.reference import Reference, entry_id
from application.execution.repository import Repository
from application.mail_out.addresses import Addresses
from application.mail_out.letters import LetterKind
from domain.aggregate import Root
from domain.case import Case
from domain.case.status import SETTLED, Status
from domain.case.terms import ResolutionCode
from domain.catalogue import ListedCustomer
from domain.errors import Invalid
from domain.outgoing_mail import Message
from domain.policy import Policy

_HOUR = timedelta(hours=1)
_NOBODY = re.compile(
    r"(?:mailer-daemon|mail-daemon|postmaster|bounces?|no[-_.]?reply|do[-_.]?not[-_.]?reply|listserv|majordomo"
    r"|owner-.*|.*-(?:owner|request|bounces?))(?:\+.*)?@.*",
    re.IGNORECASE | re.DOTALL,
)
"""Addresses of servers, robots and lists, which are never answered (RFC 3834, 2)."""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}@[!-;=?-~]{1,240}>")
_KINDS = {ResolutionCode.REFERRED: LetterKind.REFERRED, ResolutionCode.DUPLICATE: LetterKind.CONTINUED}


class Notices:
    """Queues the mails that a decision owes."""

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository, self._register, self._addresses = repository, repository.register, addresses

    async def tell(self, case: Case, on: Attempt) -> list[Root]:
        """Queue the mail about the case's resolution. Without an address, record that instead.

        For a referral or a duplicate a missing address changes nothing: a referral is also told in person, and a
        duplicate has no window.
        """
        assert case.resolution is not None
        kind = _KINDS.get(case.resolution.code, LetterKind.RESOLVED)
        address = await self.address(case, on.reference)
        if address is None:
            if kind is LetterKind.RESOLVED:
                case.not_notified("no-address", on.policy, on.provenance)
            return []
        assert case.resolution_version is not None
        return [self._queued(kind, case, address, on, resolution=case.resolution_version)]

    async def tell_again(self, case: Case, on: Attempt) -> list[Root]:
        """Mail the resolution to the new address if the first mail failed and no window has started."""
        waits = case.status is Status.RESOLVED and case.dispute_until is None and case.failed_notifications > 0
        return await self.tell(case, on) if waits else []

    async def ask(self, case: Case, on: Attempt) -> Message:
        """Queue the mail with the question that the case waits on. Raises Invalid if there is no address."""
        address = await self.address(case, on.reference)
        if address is None or self._is_nobody(address):
            raise Invalid("The customer has no mail address. Ask by other means, or correct `email`.", "/question")
        assert case.question is not None
        return self._queued(LetterKind.QUESTION, case, address, on, question=case.question.version)

    async def acknowledge(
        self, case: Case, on: Attempt, *, answers: str | None = None, unwanted: bool = False
    ) -> list[Root]:
        """Queue the acknowledgement, unless the policy or the sender wants none (RFC 3834).

        ``answers`` is the Message-ID of the customer's mail. ``unwanted`` forbids an automatic answer: the mail has a
        null sender, comes from a robot or a list, or is our own mail that came back (`intake.md`).
        """
        address = await self.address(case, on.reference)
        if unwanted or address is None or case.impersonal or case.channel not in on.policy.acknowledged:
            return []
        if self._is_nobody(address) or await self._has_enough(case, on):
            return []
        answered = answers if answers and _MESSAGE_ID.fullmatch(answers) else None
        return [self._queued(LetterKind.ACKNOWLEDGED, case, {**address, "answers": answered}, on)]

    async def holding_case(self, customer: str, at: datetime, policy: Policy) -> Case | None:
        """Return the case that takes a sender's mail once they have reached the hourly limit of new cases.

        It is their last case that is not settled: nobody would look at a settled one.
        """
        opened = await self._register.begun(customer, "case.logged", uuid7(at - _HOUR, bytes(10)))
        if len(opened) < policy.cases_an_hour:
            return None
        for case_id in reversed(opened):
            case = await self._repository.find(Case, case_id)
            if case is not None and case.status not in SETTLED:
                return case
        return None

    async def address(self, case: Case, reference: Reference) -> Words | None:
        """Return the customer's address as last corrected, else the directory's, else the service owner's."""
        contact = dict((case.contact and case.contact.texts) or {})
        for field in ("name", "email"):
            if field in case.corrections:
                contact[field] = case.corrections[field].text(field)
        if (known := _reached(contact)) is not None:
            return known
        listed = await self._repository.find(ListedCustomer, entry_id("customer", case.customer))
        if listed is not None and listed.contact and not listed.entry.retired:
            known = _reached(listed.contact.texts)
        if known is None and case.impersonal:
            service = reference.owner_of(case.service)
            known = _reached(service.contact.texts) if service and service.contact else None
        return known

    def _is_nobody(self, address: Words) -> bool:
        return bool(_NOBODY.fullmatch(address["email"])) or self._addresses.is_ours(address["email"])

    async def _has_enough(self, case: Case, on: Attempt) -> bool:
        """Whether the customer has reached the limit of automatic mails (RFC 3834, 2)."""
        lately = await self._register.begun(case.customer, "message.queued", uuid7(on.at - _HOUR, bytes(10)))
        if len(lately) >= on.policy.automatic_mails_an_hour:
            return True
        if case.is_new:
            return False
        since = uuid7(on.at - on.policy.acknowledgement_interval, bytes(10))
        sent = [
            await self._repository.find(Message, each)
            for each in await self._register.begun(case.customer, "message.queued", since)
        ]
        return any(mail and mail.case == case.number and mail.kind == LetterKind.ACKNOWLEDGED for mail in sent)

    def _queued(
        self,
        kind: LetterKind,
        case: Case,
        address: Words,
        on: Attempt,
        *,
        resolution: int | None = None,
        question: int | None = None,
    ) -> Message:
        recipient = on.contact(case, **address)
        assert recipient is not None
        message_id = on.new_id()
        name = f"<{message_id}@{self._addresses.domain}>"
        return Message.queue(
            message_id, kind, case.number, resolution, name, recipient, on.provenance, question=question
        )


def _reached(contact: Words | None) -> Words | None:
    """Return name and address of a contact, or None without an address."""
    return {"email": contact["email"], "name": contact.get("name")} if contact and contact.get("email") else None
