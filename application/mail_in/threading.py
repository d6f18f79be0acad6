"""Threading: the case of a mail, its participants, and the mail that a bounce returns (`intake.md`, E-mail)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from application.execution.pseudonyms import Pseudonyms
from application.execution.reference import Reference
from application.execution.repository import Repository
from application.mail_in.parsing import Mail
from application.mail_out.addresses import Addresses
from application.mail_out.notices import Notices
from domain.case import Case
from domain.errors import NotFound
from domain.outgoing_mail import Message

_NUMBER = re.compile(r"(?<![A-Za-z0-9-])INC-\d{7,18}(?!\d)", re.IGNORECASE | re.ASCII)
_ROOT = re.compile(r"<(INC-\d{7,18})@([^<>@\s]{1,250})>", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Thread:
    """The case of a mail. Not ``sure`` if the mail names it only by an unsigned number."""

    case: Case
    sure: bool


@dataclass(frozen=True)
class _Clue:
    """A reference to a case: its number, or a mail of ours by its stream or its Message-ID."""

    case: str | None = None
    stream: UUID | None = None
    message_id: str | None = None
    sure: bool = True


class Threading:
    """Finds the case that a mail answers."""

    def __init__(self, repository: Repository, notices: Notices, pseudonyms: Pseudonyms, addresses: Addresses) -> None:
        self._repository, self._register = repository, repository.register
        self._notices, self._pseudonyms, self._addresses = notices, pseudonyms, addresses

    async def thread_of(self, mail: Mail) -> Thread | None:
        """Find the case of a mail: by signed address, then by our Message-IDs, then by signed subject token.

        An unsigned number comes last and is not sure. Mail on a duplicate belongs to its first case (R-5.6c).
        """
        for clue in self._clues(mail):
            number = clue.case
            if number is None:
                sent = await self._sent(clue)
                number = None if sent is None else sent.case
            if number is None:
                continue
            try:
                case = await self._repository.get(Case, number)
            except NotFound:
                continue
            return Thread(await self._repository.first_of(case), clue.sure)
        return None

    async def takes_part(self, case: Case, mail: Mail, reference: Reference) -> bool:
        """Whether the writer is a participant of the case. Compares addresses by their pseudonyms."""
        if mail.sender is None or not mail.alone or self._addresses.is_ours(mail.sender):
            return False
        written_to = await self._notices.address(case, reference) or {}
        contacts = (case.contact, case.reported_by, case.corrections.get("email"))
        addresses = {written_to.get("email"), *(each.text("email") for each in contacts if each is not None)}
        people = {await self._pseudonyms.of({"email": address}) for address in addresses if address}
        return await self._pseudonyms.of({"email": mail.sender}) in people | {case.customer} | case.correspondents

    async def returned(self, mail: Mail) -> Message | None:
        """Find the mail that a delivery report returns: by the bounce address, else by a Message-ID in the report.

        None for a report from the recipient's own address: an answer from there proves delivery.
        """
        addressed = [_Clue(stream=self._addresses.read_envelope(address)) for address in mail.addressed]
        named = [_Clue(message_id=each) for each in (mail.returned.message_ids if mail.returned else ())]
        for clue in (*addressed, *named):
            if (sent := await self._sent(clue)) is not None:
                recipient = sent.recipient.text("email")
                own = recipient and mail.sender and recipient.casefold() == mail.sender.casefold()
                return None if own else sent
        return None

    def _clues(self, mail: Mail) -> Iterator[_Clue]:
        ours = self._addresses
        for address in mail.addressed:
            if (signed := ours.read_reply(address)) is not None:
                yield _Clue(signed[0])
            elif (stream := ours.read_envelope(address)) is not None:
                yield _Clue(stream=stream)
        for reference in mail.references:
            case = ours.read_reference(reference)
            yield _Clue(case) if case is not None else _Clue(message_id=reference)
        if (case := ours.read_subject(mail.subject)) is not None:
            yield _Clue(case)
        # Release 0.2.0 wrote thread roots unsigned. Anybody who knows a number can forge one, as in a subject.
        roots = filter(None, map(_ROOT.fullmatch, mail.references))
        yield from (_Clue(root[1].upper(), sure=False) for root in roots if root[2].lower() == ours.domain.lower())
        yield from (_Clue(found[0].upper(), sure=False) for found in _NUMBER.finditer(mail.subject))

    async def _sent(self, clue: _Clue) -> Message | None:
        """Return the mail of ours that a clue points to, or None."""
        stream = clue.stream
        if stream is None and clue.message_id is not None:
            stream = await self._register.find(clue.message_id)
        return None if stream is None else await self._repository.find(Message, stream)
