"""SOP 5.9: the customer may dispute the resolution for 3 days; then the case closes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.errors import ConfirmationRequired, DisputeWindowClosed, Invalid, InvalidTransition
from domain.values import Channel, Disclosure, Provenance, Role


@dataclass(frozen=True)
class Confirmation:
    """The customer's recorded acceptance of the resolution (R-5.5d, R-6.2); by whom is in the words."""

    method: str
    at: datetime


class Disputed(Recorded):
    TOPIC = "case.disputed"
    received_at: datetime
    channel: Channel | None = None

    def apply(self, case: CaseState) -> None:
        """The reopening that a dispute upholds is an event of its own."""


class Reopened(Recorded):
    TOPIC = "case.reopened"
    status: Status
    disputed: bool = False

    def apply(self, case: CaseState) -> None:
        case.status, case.reopenings = self.status, case.reopenings + 1
        case.resolution = case.solution = case.resolved_at = case.resolved_from = None
        case.closed_at = case.dispute_until = None
        case.worked(self.timestamp)


class Closed(Recorded):
    TOPIC = "case.closed"
    closed_at: datetime
    policy: str
    confirmation: Confirmation | None = None
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.status, case.closed_at = Status.CLOSED, self.closed_at


class Dispute(CaseState):
    def dispute(
        self,
        received_at: datetime,
        provenance: Provenance,
        *,
        channel: Channel | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Take a dispute and reopen the same case where it was (R-5.9c): what counts is when it was received.

        Raises InvalidTransition, DisputeWindowClosed, Invalid when it was received in the future.
        """
        self.allow("dispute", provenance)
        if received_at > provenance.at:
            raise Invalid("a dispute cannot be received in the future", "/received_at")
        if self.status is Status.CLOSED and self._window_closed(received_at):
            raise DisputeWindowClosed
        back_to = self.resumes_as
        self.record(Disputed, provenance, received_at=received_at, channel=channel, reason=reason)
        self.record(Reopened, provenance, status=back_to, disputed=True, reason=reason)

    def reopen(self, reason: Disclosure, provenance: Provenance) -> None:
        """Staff reopen a resolved case, with a reason. Raises InvalidTransition."""
        self.allow("reopen", provenance)
        self.record(Reopened, provenance, status=self.resumes_as, reason=reason)

    def _window_closed(self, received_at: datetime) -> bool:
        """Without a notification the window of a case of ours has not started; imported history has none."""
        if self.dispute_until is None:
            return self.source_system is not None
        return received_at > self.dispute_until

    @property
    def resumes_as(self) -> Status:
        """Where a reopened case goes on: with the team, at the desk, or in triage."""
        if self.resolved_from is None:
            raise InvalidTransition("reopen", self.status)
        return self.resolved_from

    def close(
        self,
        policy: str,
        provenance: Provenance,
        *,
        confirmation: Confirmation | None = None,
        words: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Close a resolved case: the timer does, or the customer, or staff with the customer's recorded word.

        Raises InvalidTransition, ConfirmationRequired (R-5.5d), Invalid when the word lies in the future.
        """
        self.allow("close", provenance)
        if confirmation is None and provenance.by.role not in (Role.SYSTEM, Role.CUSTOMER):
            raise ConfirmationRequired
        if confirmation is not None and confirmation.at > provenance.at:
            raise Invalid("a confirmation cannot lie in the future", "/confirmation/at")
        self.record(
            Closed,
            provenance,
            closed_at=provenance.at,
            policy=policy,
            confirmation=confirmation,
            words=words,
            reason=reason,
        )


EVENTS = (Disputed, Reopened, Closed)
