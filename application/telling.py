"""Whom a resolution is told to, and the mail that is queued in its transaction (R-5.9a, R-5.9g)."""

from __future__ import annotations

from application.casework import Casework, Words
from application.letters import LetterKind
from application.reference import entry_id
from domain.aggregate import Root
from domain.case import Case
from domain.case.state import ResolutionCode
from domain.case.status import Status
from domain.catalogue import Customer, ListedCustomer
from domain.message import Message
from domain.values import DisclosureKind, Provenance

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
        message_id = self._new_id(provenance)
        return [
            Message.queue(
                message_id,
                kind,
                case.number,
                case.resolution_version,
                f"<{message_id}@{self.addresses.domain}>",
                recipient,
                provenance,
            )
        ]

    def _tell_again(self, case: Case, provenance: Provenance) -> list[Root]:
        """A case whose customer could not be told, and whose window has not started, is told at the new address."""
        waits = case.status is Status.RESOLVED and case.dispute_until is None and case.failed_notifications > 0
        return self._tell(case, provenance) if waits else []

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
