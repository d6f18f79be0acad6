"""SOP 5.9: the customer may dispute the resolution for 3 days."""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.clauses.closure import UNTOLD
from domain.case.clauses.logging import check_received
from domain.case.clauses.relations import Relations
from domain.case.obligations import owed_again
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import end_of_rest
from domain.case.terms import ResolutionCode
from domain.errors import DisputeWindowClosed, Invalid, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Channel, Disclosure, Provenance, Role


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
    settled_since: datetime | None = None
    """Since when it was resolved, or waited until it was: that time does not count against its target."""
    resolve_by: datetime | None = None
    with_first: str | None = None
    """The case it was a duplicate of, which was reopened (R-5.6c)."""
    owed: tuple[Obligation, ...] = ()
    """What is owed again from here on."""

    def apply(self, case: CaseState) -> None:
        case.status, case.reopenings = self.status, case.reopenings + 1
        case.resolution = case.solution = case.resolved_at = case.resolved_from = case.resolution_version = None
        case.closed_at = case.dispute_until = case.window_since = case.suspected_at = case.waited = None
        case.failed_notifications, case.notified_by = 0, None
        if self.settled_since is not None:
            case.pauses = (*case.pauses, (self.settled_since, self.timestamp))
        case.resolve_by = self.resolve_by or case.resolve_by
        case.worked(self.timestamp)

    def owes(self) -> tuple[Obligation, ...]:
        return self.owed

    def settles(self) -> tuple[str, ...]:
        return _AFTERMATH


class DisputeSuspected(Recorded):
    """A mail that may be a dispute: the timer stands still until somebody has understood it (R-5.9c)."""

    TOPIC = "case.dispute_suspected"
    received_at: datetime
    due_at: datetime
    channel: Channel | None = None
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.suspected_at = self.received_at

    def owes(self) -> tuple[Obligation, ...]:
        return (Obligation(ObligationKind.DECIDE_DISPUTE, self.due_at),)


class DisputeDismissed(Recorded):
    TOPIC = "case.dispute_dismissed"
    dispute_until: datetime | None = None
    """Where the window ends now: it runs on from where it was."""

    def apply(self, case: CaseState) -> None:
        case.suspected_at, case.dispute_until = None, self.dispute_until

    def settles(self) -> tuple[str, ...]:
        return (ObligationKind.DECIDE_DISPUTE,)


_AFTERMATH = (*UNTOLD, ObligationKind.DECIDE_DISPUTE)
"""What is owed for a resolution, and no longer once it stands no more. A mail is decided on also after the closing."""


class Dispute(Relations):
    def dispute(
        self,
        received_at: datetime,
        policy: Policy,
        provenance: Provenance,
        *,
        channel: Channel | None = None,
        reason: Disclosure | None = None,
        witnessed: bool = False,
    ) -> None:
        """Take a dispute and reopen the same case where it was (R-5.9c): what counts is when it was received.

        A customer's own word for when does not count; the desk's own record of when it came does (``witnessed``), and
        is bound by no limit on dates said by hand. Raises InvalidTransition, DisputeWindowClosed, Invalid when it
        was received before the resolution, in the future, or longer ago than a person may say (R-5.2a).
        """
        self.allow("dispute", provenance)
        self.require_own_way("be reopened")
        if not witnessed:
            check_received(received_at, provenance.at, provenance.by.role, policy, explained=True)
        if received_at > provenance.at:
            raise Invalid("a dispute cannot be received in the future", "/received_at")
        counts = provenance.at if provenance.by.role is Role.CUSTOMER and not witnessed else received_at
        self._require_about_resolution(counts)
        if self.status is Status.CLOSED and self._window_closed(counts):
            raise DisputeWindowClosed(self.number)
        self.record(Disputed, provenance, received_at=received_at, channel=channel, reason=reason)
        self._reopen(policy, provenance, reason, disputed=True)

    def reopen(self, reason: Disclosure, policy: Policy, provenance: Provenance) -> None:
        """Staff reopen a resolved case, with a reason. Raises InvalidTransition."""
        self.allow("reopen", provenance)
        self.require_own_way("be reopened")
        self._reopen(policy, provenance, reason)

    def _reopen(self, policy: Policy, provenance: Provenance, reason: Disclosure | None, **how: bool | str) -> None:
        referred = self.resolution is not None and self.resolution.code is ResolutionCode.REFERRED
        status = Status.TRIAGED if referred and how.get("disputed") else self.resumes_as
        self.record(
            Reopened,
            provenance,
            status=status,
            **end_of_rest(self, policy, provenance.at),
            owed=owed_again(self, status, policy, provenance.at),
            reason=reason,
            **how,
        )

    def suspect_dispute(
        self,
        received_at: datetime,
        words: Disclosure | None,
        policy: Policy,
        provenance: Provenance,
        *,
        channel: Channel | None = None,
        witnessed: bool = False,
    ) -> None:
        """Hold the timer for a mail whose intent is unclear (R-5.9c).

        Raises InvalidTransition, DisputeWindowClosed, Invalid when it was received in the future or before the resolution.
        """
        self.allow("suspect_dispute", provenance)
        self.require_own_way("be reopened")
        if not witnessed:
            check_received(received_at, provenance.at, provenance.by.role, policy, explained=True)
        if received_at > provenance.at:
            raise Invalid("a mail cannot be received in the future", "/received_at")
        self._require_about_resolution(received_at)
        if self.suspected_at is not None:
            raise InvalidTransition("be held", "held already")
        if self._window_closed(received_at):
            raise DisputeWindowClosed(self.number)
        self.record(
            DisputeSuspected,
            provenance,
            received_at=received_at,
            due_at=provenance.at + policy.decide_dispute,
            channel=channel,
            words=words,
        )

    def uphold_dispute(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """It was a dispute: the case reopens. Raises InvalidTransition when none is suspected."""
        self.allow("uphold_dispute", provenance)
        received_at = self._suspected()
        self.record(Disputed, provenance, received_at=received_at, reason=reason)
        self._reopen(policy, provenance, reason, disputed=True)

    def dismiss_dispute(self, reason: Disclosure, provenance: Provenance) -> None:
        """It was none: the window runs on from where it was (R-5.9c). Raises InvalidTransition when none is suspected."""
        self.allow("dismiss_dispute", provenance)
        held_since = self._suspected()
        until = self.dispute_until
        if until is not None and self.status is Status.RESOLVED:
            until += provenance.at - max(held_since, self.window_since or held_since)
        self.record(DisputeDismissed, provenance, dispute_until=until, reason=reason)

    def _suspected(self) -> datetime:
        if self.suspected_at is None:
            raise InvalidTransition("be decided", "not held for a dispute")
        return self.suspected_at

    def can_be_disputed(self, received_at: datetime) -> bool:
        """Whether what came then was in time: before the deadline, or where none has started (R-5.9c)."""
        return not self._window_closed(received_at)

    def _require_about_resolution(self, received_at: datetime) -> None:
        if not self.can_be_about_resolution(received_at):
            raise Invalid("the case was resolved after that: record what was said as a note", "/received_at")

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


EVENTS = (Disputed, Reopened, DisputeSuspected, DisputeDismissed)
