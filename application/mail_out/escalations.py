"""Mails about breached targets to those whom the policy names (R-5.2e). Staff are reached as the directory lists them."""

from __future__ import annotations

from datetime import timedelta

from application.execution.attempt import Attempt
from application.execution.identifiers import uuid7
from application.execution.reference import entry_id
from application.execution.repository import Repository
from application.mail_out.addresses import Addresses
from application.mail_out.letters import LetterKind
from domain.case import Case
from domain.catalogue import ListedCustomer
from domain.outgoing_mail import Message
from domain.values import Disclosure, DisclosureKind, Role

_HOUR = timedelta(hours=1)


class Escalations:
    """Queues the mails of an escalation."""

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository, self._addresses = repository, addresses

    async def mails(self, case: Case, on: Attempt) -> list[Message]:
        """Return a mail to each holder of the policy's roles who has an address and has not had the hour's most mails."""
        queued = []
        for subject in sorted({each for role in on.policy.escalates_to for each in _holders(Role(role), case, on)}):
            recipient = await listed_recipient(self._repository, subject, on)
            if recipient is not None and not await self._has_enough(subject, on):
                message_id = on.new_id()
                name = f"<{message_id}@{self._addresses.domain}>"
                queued.append(
                    Message.queue(message_id, LetterKind.ESCALATED, case.number, None, name, recipient, on.provenance)
                )
        return queued

    async def _has_enough(self, subject: str, on: Attempt) -> bool:
        """Whether the person has had so many mails in the last hour that they know that something is wrong."""
        since = uuid7(on.at - _HOUR, bytes(10))
        lately = await self._repository.register.begun(subject, "message.queued", since)
        return len(lately) >= on.policy.escalations_an_hour


async def listed_recipient(repository: Repository, subject: str, on: Attempt) -> Disclosure | None:
    """Return the mail address and the name of a person, as the directory lists them; None without an address."""
    listed = await repository.find(ListedCustomer, entry_id("customer", subject))
    contact = None if listed is None or listed.entry.retired or listed.contact is None else listed.contact.texts
    if not contact or not contact.get("email"):
        return None
    return on.say(subject, DisclosureKind.CONTACT, {name: contact.get(name) for name in ("email", "name")})


def _holders(role: Role, case: Case, on: Attempt) -> list[str]:
    """Who holds a role now. A team member counts for the case's team."""
    return on.reference.holders(role, case.team if role is Role.TEAM_MEMBER else None, on.at)
