"""Whom a resolution is told to, and who is told that their case is open: mails queued in that transaction (R-5.9a, R-5.9g).

Machines' mail must not be answered for ever (RFC 3834): the limits are the policy's.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from application.execution.attempt import Attempt, Words
from application.execution.identifiers import uuid7
from application.execution.reference import Reference, entry_id
from application.execution.repository import Repository
from application.mail_in.addresses import Addresses
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
        """Queue the mail about the case's resolution. Without an address, that is on the record instead.

        A referral is told in person as well, and a duplicate has no window: there a missing address changes nothing.
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
        """Tell at the new address, where the customer could not be told and their window has not started."""
        waits = case.status is Status.RESOLVED and case.dispute_until is None and case.failed_notifications > 0
        return await self.tell(case, on) if waits else []

    async def ask(self, case: Case, on: Attempt) -> Message:
        """Queue the mail with the question that the case waits for. Raises Invalid where nobody can be written to."""
        address = await self.address(case, on.reference)
        if address is None or self._is_nobody(address):
            raise Invalid(
                "no address of the customer's to write to: ask by other means, or correct `email`", "/question"
            )
        assert case.question is not None
        return self._queued(LetterKind.QUESTION, case, address, on, question=case.question.version)

    async def acknowledge(
        self, case: Case, on: Attempt, *, answers: str | None = None, unwanted: bool = False
    ) -> list[Root]:
        """Queue the mail that says which case it is; nothing where the policy or the sender wants none (RFC 3834).

        ``answers`` is the Message-ID of what the customer sent. ``unwanted`` says that it asked for no automatic answer:
        from nobody, by a robot or a list, of automatic origin, or a mail of our own that came back (`intake.md`).
        """
        address = await self.address(case, on.reference)
        if unwanted or address is None or case.impersonal or case.channel not in on.policy.acknowledged:
            return []
        if self._is_nobody(address) or await self._has_enough(case, on):
            return []
        answered = answers if answers and _MESSAGE_ID.fullmatch(answers) else None
        return [self._queued(LetterKind.ACKNOWLEDGED, case, {**address, "answers": answered}, on)]

    async def holding_case(self, customer: str, at: datetime, policy: Policy) -> Case | None:
        """Where the mail of somebody goes who opened so many cases within an hour that they may open no more.

        It is the last of them that is not settled: in one that is settled nobody would look.
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
        """The customer's address as last corrected, else the directory's, else that of the service's owner."""
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
        """Whether the customer was sent as many automatic mails as they may be (RFC 3834, 2)."""
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
    """The name and address of a contact that has an address."""
    return {"email": contact["email"], "name": contact.get("name")} if contact and contact.get("email") else None
