"""SOP 5.9: by the links in their mails, customers follow and add to their case, and dispute or accept its resolution.

A dispute is never refused, whatever the state of the case (R-5.9c, R-5.9f).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from application.cases.attachments import Attachments, File
from application.cases.closure import Closure
from application.cases.dispute import Disputes
from application.cases.logging import Logging
from application.cases.records import CaseRecords
from application.customers.documents import followed_document
from application.execution.principals import DisputeLink, FollowLink
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.clauses.annotations import Noted
from domain.case.clauses.logging import IncidentReport, Logged
from domain.case.status import Status
from domain.case.terms import Attachment
from domain.errors import DisputeWindowClosed, InvalidTransition, NotFound
from domain.values import Actor, Channel, Role


class Contested(StrEnum):
    """The outcome of a dispute by link."""

    REOPENED = "reopened"
    NOTED = "noted"
    """The case was already reopened: the first dispute wins, and later ones become notes."""
    FOLLOWED_UP = "followed_up"
    """The dispute came after the window and opened a new case (R-5.9f)."""


@dataclass(frozen=True)
class DisputeOutcome:
    """The outcome of a dispute by link, and its case."""

    contested: Contested
    committed: Committed

    @property
    def case(self) -> Case:
        """The case that the dispute reopened, annotated or opened."""
        return self.committed.case


class CaseLinks:
    """Commands and queries by link. Each raises NotFound, also for a link made before its customer's erasure."""

    def __init__(
        self,
        runner: CommandRunner,
        records: CaseRecords,
        logging: Logging,
        attachments: Attachments,
        disputes: Disputes,
        closure: Closure,
    ) -> None:
        self._runner, self._repository, self._records = runner, runner.repository, records
        self._logging, self._attachments = logging, attachments
        self._disputes, self._closure = disputes, closure

    async def contested(self, link: DisputeLink) -> Case:
        """Return the case that a link disputes; for a duplicate, its first case (R-5.6c)."""
        return await self._repository.first_of(await self._behind(link))

    async def contest(self, link: DisputeLink, reason: str, request: Request) -> DisputeOutcome:
        """Dispute the resolution of the case behind a link."""
        case = await self.contested(link)
        committed = await self._contest(case, reason, request)
        return DisputeOutcome(await self._became(committed), committed)

    async def follow(self, link: FollowLink) -> Case:
        """Return the case behind a link."""
        return await self._behind(link)

    async def followed(self, link: FollowLink, committed: Committed | None = None) -> dict[str, Any]:
        """Return the case as its customer reads it; after a ``committed`` command, as the command left it."""
        case = await self.follow(link)
        if committed is not None and committed.case.id == case.id:
            case = committed.case
        first = await self._repository.first_of(case)
        return followed_document(case, first, await self._runner.store.history(case.id, until=case.version))

    async def followed_file(self, link: FollowLink, digest: str) -> tuple[Attachment, AsyncIterator[bytes]]:
        """Return a file that the customer may see, and its content in pieces. Raises Erased."""
        await self.follow(link)
        return await self._attachments.open(link.case, digest, _customer(link))

    async def note(self, link: FollowLink, text: str, request: Request) -> Committed:
        """Add a customer's note."""
        await self.follow(link)
        return await self._logging.note(link.case, text, visible_to_customer=True, request=request)

    async def attach(self, link: FollowLink, file: File, request: Request) -> Committed:
        """Add a customer's file. Raises what `Attachments.attach` raises."""
        await self.follow(link)
        return await self._attachments.attach(link.case, (file,), visible_to_customer=True, request=request)

    async def dispute(self, link: FollowLink, reason: str, request: Request) -> DisputeOutcome:
        """Dispute the resolution (R-5.9c)."""
        resolution = (await self.follow(link)).resolution_version or 0
        return await self.contest(DisputeLink(link.case, resolution, link.customer, link.made), reason, request)

    async def accept(self, link: FollowLink, request: Request) -> Committed:
        """Close the case by the customer's confirmation (R-5.9d). Raises InvalidTransition."""
        await self.follow(link)
        return await self._closure.close(link.case, None, None, request)

    async def _behind(self, link: DisputeLink | FollowLink) -> Case:
        known, made = await self._repository.data_subject(link.customer), link.made
        if known is not None and known.erased_at is not None:
            gone = known.erasures > made if isinstance(made, int) else known.erased_at >= made
            if gone:
                raise NotFound("This link is not valid, or no longer.")
        return await self._repository.read(link.case, _customer(link))

    async def _contest(self, case: Case, reason: str, request: Request) -> Committed:
        if case.continued:  # closed with a case that it does not duplicate: no resolution to dispute
            return await self._follow_up(case, reason, request)
        if case.status not in (Status.RESOLVED, Status.CLOSED):
            return await self._note(case, reason, request)
        try:
            return await self._disputes.dispute(case.number, reason, None, Channel.SELF_SERVICE, request)
        except DisputeWindowClosed:
            return await self._follow_up(case, reason, request)
        except InvalidTransition:  # another dispute committed first
            return await self._note(case, reason, request)

    async def _became(self, committed: Committed) -> Contested:
        """Read the outcome from the record: a form sent twice must get the same answer."""
        event = await self._records.event_of(committed)
        if isinstance(event, Logged):
            return Contested.FOLLOWED_UP
        return Contested.NOTED if isinstance(event, Noted) else Contested.REOPENED

    async def _note(self, case: Case, reason: str, request: Request) -> Committed:
        return await self._logging.note(case.number, reason, visible_to_customer=True, request=request)

    async def _follow_up(self, case: Case, reason: str, request: Request) -> Committed:
        contact = dict((case.contact and case.contact.texts) or {})
        known = dict((case.words and case.words.texts) or {})
        report = IncidentReport(
            Channel.SELF_SERVICE,
            self._runner.clock.now(),
            case.customer,
            agency=case.agency,
            service=await self._offered(case),
        )
        words = {"subject": known.get("subject") or f"Follow-up of {case.number}", "description": reason}
        return await self._logging.follow_up(case.number, report, contact, words, {}, request)

    async def _offered(self, case: Case) -> str | None:
        """Return the case's service if the catalogue still offers it."""
        reference = await self._runner.references.current()
        return case.service if case.service and reference.owner_of(case.service) else None


def _customer(link: DisputeLink | FollowLink) -> Actor:
    return Actor(link.customer, Role.CUSTOMER)
