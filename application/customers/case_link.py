"""SOP 5.9: the customer disputes by the link in his mail, whatever has become of the case since (R-5.9c, R-5.9f)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from application.cases.logging import Handling
from application.cases.resolution import Settling
from application.execution.principals import DisputeLink, FollowLink
from application.execution.requests import Committed, Request
from domain.case import Case
from domain.case.clauses.annotations import Noted
from domain.case.clauses.logging import IncidentReport, Logged
from domain.case.status import Status
from domain.errors import DisputeWindowClosed, InvalidTransition, NotFound
from domain.values import Actor, Channel, Role


class Contested(StrEnum):
    """What became of it."""

    REOPENED = "reopened"
    NOTED = "noted"
    """It was reopened before: the first dispute wins, later ones are noted."""
    FOLLOWED_UP = "followed_up"
    """It came after the window: a new case (R-5.9f)."""


@dataclass(frozen=True)
class Outcome:
    """What became of a dispute by link, on which case."""

    contested: Contested
    committed: Committed

    @property
    def case(self) -> Case:
        """Of which it is."""
        return self.committed.case


class Contesting(Handling, Settling):
    """What a link lets a customer do: read what was resolved, and dispute it."""

    def contested(self, link: DisputeLink) -> Case:
        """The case that a link lets dispute: a duplicate's is the first one's (R-5.6c). Raises NotFound."""
        return self._first_of(self._behind(link))

    def _behind(self, link: DisputeLink | FollowLink) -> Case:
        """The case that a link is of. Raises NotFound, also once its customer has had himself erased since it was made."""
        known, made = self._data_subject(link.customer), link.made
        if known is not None and known.erased_at is not None:
            gone = known.erasures > made if isinstance(made, int) else known.erased_at >= made
            if gone:
                raise NotFound("this link is not valid, or no longer")
        return self._read(link.case, Actor(link.customer, Role.CUSTOMER))

    def contest(self, link: DisputeLink, reason: str, request: Request) -> Outcome:
        """Dispute: nobody who says that it is not well is sent away. Raises NotFound."""
        case = self.contested(link)
        committed = self._contest(case, reason, request)
        return Outcome(self._became(committed), committed)

    def _contest(self, case: Case, reason: str, request: Request) -> Committed:
        if case.continued:  # closed with a case that it is no duplicate of: it has no resolution to dispute
            return self._follow(case, reason, request)
        if case.status not in (Status.RESOLVED, Status.CLOSED):
            return self._note(case, reason, request)
        try:
            return self.dispute(case.number, reason, None, Channel.SELF_SERVICE, request)
        except DisputeWindowClosed:
            return self._follow(case, reason, request)
        except InvalidTransition:  # another dispute came first, in between
            return self._note(case, reason, request)

    def _became(self, committed: Committed) -> Contested:
        """Read from the record, since a form sent twice is answered as it was the first time."""
        event = self.event_of(committed)
        if isinstance(event, Logged):
            return Contested.FOLLOWED_UP
        return Contested.NOTED if isinstance(event, Noted) else Contested.REOPENED

    def _note(self, case: Case, reason: str, request: Request) -> Committed:
        return self.note(case.number, reason, visible_to_customer=True, request=request)

    def _follow(self, case: Case, reason: str, request: Request) -> Committed:
        told = dict((case.contact and case.contact.texts) or {})
        said = dict((case.words and case.words.texts) or {})
        report = IncidentReport(
            Channel.SELF_SERVICE, self.clock.now(), case.customer, agency=case.agency, service=self._offered(case)
        )
        words = {"subject": said.get("subject") or f"Follow-up of {case.number}", "description": reason}
        return self.follow_up(case.number, report, told, words, {}, None, request)

    def _offered(self, case: Case) -> str | None:
        """The case's service, where it is offered still."""
        reference = self.references.current()
        return case.service if case.service and reference.owner_of(case.service) else None
