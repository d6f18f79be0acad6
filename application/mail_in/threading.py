"""Which case a mail is about, who takes part in it, and which mail of ours came back (`intake.md`, E-mail)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from application.cases.logging import Logging
from application.mail_in.parsing import Mail
from application.mail_out.notices import Telling
from domain.case import Case
from domain.errors import NotFound
from domain.outgoing_mail import Message

_NUMBER = re.compile(r"(?<![A-Za-z0-9-])INC-\d{7,18}(?!\d)", re.IGNORECASE | re.ASCII)
_ROOT = re.compile(r"<(INC-\d{7,18})@([^<>@\s]{1,250})>", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Thread:
    """A case that a mail is about; ``sure`` unless it only names its number, which proves nothing."""

    case: Case
    sure: bool


class Threads(Logging, Telling):
    """Looks up what a mail answers."""

    def _thread_of(self, mail: Mail) -> Thread | None:
        """By signed address, by what we sent, by signed token, in this order; a bare number is no match.

        A duplicate's mail is about its first case (R-5.6c).
        """
        for sure, number in self._named_in(mail):
            try:
                return Thread(self._first_of(self._get(Case, number)), sure)
            except NotFound:
                continue
        return None

    def _named_in(self, mail: Mail) -> Iterator[tuple[bool, str]]:
        ours = self.addresses
        for address in mail.addressed:
            if (signed := ours.read_reply(address)) is not None:
                yield True, signed[0]
            elif (returned := ours.read_envelope(address)) is not None and (sent := self._sent(returned)) is not None:
                yield True, sent.case
        for reference in mail.references:
            if (case := ours.read_reference(reference)) is not None:
                yield True, case
            elif (found := self.register.find(reference)) is not None and (sent := self._sent(found)) is not None:
                yield True, sent.case
        if (case := ours.read_subject(mail.subject)) is not None:
            yield True, case
        # 0.2.0 put the root of its threads unsigned: whoever knows a number can write it, as in a subject.
        roots = filter(None, map(_ROOT.fullmatch, mail.references))
        yield from ((False, root[1].upper()) for root in roots if root[2].lower() == ours.domain.lower())
        yield from ((False, found[0].upper()) for found in _NUMBER.finditer(mail.subject))

    def _takes_part(self, case: Case, mail: Mail) -> bool:
        """Whether it is from somebody the case has contact of: compared by pseudonyms, as everything of people is."""
        if mail.sender is None or not mail.alone or self.addresses.is_ours(mail.sender):
            return False
        told = self._address(case) or {}
        said = (case.contact, case.reported_by, case.corrections.get("email"))
        addresses = {told.get("email"), *(each.text("email") for each in said if each is not None)}
        people = {self.customer_id({"email": address}) for address in addresses if address}
        return self.customer_id({"email": mail.sender}) in people | {case.customer} | case.correspondents

    def _came_back(self, mail: Mail) -> Message | None:
        """The mail of ours that a delivery report is about: by the address it came back to, else by its id in it.

        None for a report by the very recipient: what answers from his address was delivered.
        """
        sent = next(self._told_of(mail), None)
        told = sent.recipient.text("email") if sent else None
        return None if told and mail.sender and told.casefold() == mail.sender.casefold() else sent

    def _told_of(self, mail: Mail) -> Iterator[Message]:
        returned = map(self.addresses.read_envelope, mail.addressed)
        named = map(self.register.find, mail.returned.message_ids if mail.returned else ())
        for stream in chain(returned, named):
            if stream is not None and (sent := self._sent(stream)) is not None:
                yield sent

    def _sent(self, stream: UUID) -> Message | None:
        if not self.register.existing([stream]):
            return None
        found: object = self.repository.get(stream)
        return found if isinstance(found, Message) else None
