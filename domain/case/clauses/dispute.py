"""SOP 5.9: the customer may dispute the resolution for 3 days."""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.clauses.logging import check_received
from domain.case.obligations import owed_again
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.targets import end_of_rest
from domain.case.terms import ResolutionCode
from domain.errors import ContradictsRecord, DisputeWindowClosed, Invalid, InvalidTransition
from domain.obligation import UNINFORMED, Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Channel, Disclosure, Provenance, Role


class Disputed(Recorded):
    """The customer disputed the resolution. The event after it reopens the case."""

    TOPIC = "case.disputed"
    received_at: datetime
    channel: Channel | None = None


class Reopened(Recorded):
    """A resolved or closed case goes on. It ends the obligations of its resolution, and the wait for a decision."""

    TOPIC = "case.reopened"
    SETTLES = (*UNINFORMED, ObligationKind.DECIDE_DISPUTE)
    status: Status
    disputed: bool = False
    settled_since: datetime | None = None
    """Start of the pause that ends here: the resolution, or the wait that the resolution ended."""
    resolve_by: datetime | None = None
    with_first: str | None = None
    """The first case, for a duplicate that reopens with it (R-5.6c)."""
    owed: tuple[Obligation, ...] = ()
    """Obligations that stand again."""
    resolve_warning_at: datetime | None = None

    def _fold(self, case: CaseState) -> None:
        case.status, case.reopenings = self.status, case.reopenings + 1
        case.resolution = case.solution = case.resolved_at = case.resolved_from = case.resolution_version = None
        case.closed_at = case.dispute_until = case.window_since = case.suspected_at = case.waited = None
        case.failed_notifications, case.notified_by = 0, None
        case.paused(self.settled_since, self.timestamp, self.resolve_by, self.resolve_warning_at)
        case.worked(self.timestamp)


class DisputeSuspected(Recorded):
    """A mail may be a dispute. The timer stands still until somebody decides (R-5.9c)."""

    TOPIC = "case.dispute_suspected"
    received_at: datetime
    due_at: datetime
    channel: Channel | None = None
    words: Disclosure | None = None

    def _fold(self, case: CaseState) -> None:
        case.suspected_at = self.received_at

    def owes(self) -> tuple[Obligation, ...]:
        """A technician owes the decision."""
        return (Obligation(ObligationKind.DECIDE_DISPUTE, self.due_at),)


class DisputeDismissed(Recorded):
    """The mail was no dispute. The window runs on from where it was."""

    TOPIC = "case.dispute_dismissed"
    SETTLES = (ObligationKind.DECIDE_DISPUTE,)
    dispute_until: datetime | None = None
    """The new end of the window."""

    def _fold(self, case: CaseState) -> None:
        case.suspected_at, case.dispute_until = None, self.dispute_until


def record_reopening(
    case: CaseState, policy: Policy, provenance: Provenance, reason: Disclosure | None, **how: bool | str
) -> None:
    """Reopen a case where it was: with the team, at the desk, or in triage. The caller has checked that it may be.

    Raises InvalidTransition for a case that was never resolved.
    """
    if case.resolved_from is None:
        raise InvalidTransition("This case is not resolved yet.")
    referred = case.resolution is not None and case.resolution.code is ResolutionCode.REFERRED
    status = Status.TRIAGED if referred and how.get("disputed") else case.resolved_from
    rest, owed = end_of_rest(case, policy, provenance.at), owed_again(case, status, policy, provenance.at)
    case.record(Reopened, provenance, status=status, **rest, owed=owed, reason=reason, **how)


class Dispute(CaseState):
    """The customer's objection to a resolution."""

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
        """Take a dispute and reopen the same case where it was (R-5.9c). The time of receipt counts.

        A customer's own statement of that time does not count. The desk's own record of it does (``witnessed``), and no
        limit on times entered by hand applies to it. Raises InvalidTransition and DisputeWindowClosed. Raises Invalid
        for a time before the resolution, in the future, or longer ago than a person may say (R-5.2a).
        """
        self.allow("dispute", provenance)
        self._check_received(received_at, policy, provenance, witnessed=witnessed)
        counts = provenance.at if provenance.by.role is Role.CUSTOMER and not witnessed else received_at
        self._require_about_resolution(counts)
        if self.status is Status.CLOSED and not self.can_be_disputed(counts):
            raise DisputeWindowClosed(self.number)
        self.record(Disputed, provenance, received_at=received_at, channel=channel, reason=reason)
        record_reopening(self, policy, provenance, reason, disputed=True)

    def reopen(self, reason: Disclosure, policy: Policy, provenance: Provenance) -> None:
        """Reopen a resolved case as staff, with a reason. Raises InvalidTransition."""
        self.allow("reopen", provenance)
        self.require_own_way("be reopened")
        record_reopening(self, policy, provenance, reason)

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
        """Halt the timer for a mail whose intent is unclear (R-5.9c).

        Raises InvalidTransition, DisputeWindowClosed, and Invalid for a time in the future or before the resolution.
        """
        self.allow("suspect_dispute", provenance)
        self._check_received(received_at, policy, provenance, witnessed=witnessed)
        self._require_about_resolution(received_at)
        if self.suspected_at is not None:
            raise InvalidTransition("This case is held already.")
        if not self.can_be_disputed(received_at):
            raise DisputeWindowClosed(self.number)
        due = provenance.at + policy.decide_dispute
        said = {"received_at": received_at, "channel": channel, "words": words}
        self.record(DisputeSuspected, provenance, due_at=due, **said)

    def uphold_dispute(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Decide that the mail was a dispute: the case reopens. Raises InvalidTransition where none is suspected."""
        self.allow("uphold_dispute", provenance)
        self.record(Disputed, provenance, received_at=self._suspected(), reason=reason)
        record_reopening(self, policy, provenance, reason, disputed=True)

    def dismiss_dispute(self, reason: Disclosure, provenance: Provenance) -> None:
        """Decide that it was none: the window runs on (R-5.9c). Raises InvalidTransition where none is suspected."""
        self.allow("dismiss_dispute", provenance)
        held_since = self._suspected()
        until = self.dispute_until
        if until is not None and self.status is Status.RESOLVED:
            until += provenance.at - max(held_since, self.window_since or held_since)
        self.record(DisputeDismissed, provenance, dispute_until=until, reason=reason)

    def can_be_disputed(self, received_at: datetime) -> bool:
        """Whether words received then were in time: by the deadline, or before a window has started (R-5.9c).

        Imported history has no window.
        """
        if self.dispute_until is None:
            return self.source_system is None
        return received_at <= self.dispute_until

    def _check_received(
        self, received_at: datetime, policy: Policy, provenance: Provenance, *, witnessed: bool
    ) -> None:
        self.require_own_way("be reopened")
        if not witnessed:
            check_received(received_at, provenance.at, provenance.by.role, policy, explained=True)
        if received_at > provenance.at:
            raise Invalid("A dispute cannot be received in the future.", "/received_at")

    def _require_about_resolution(self, received_at: datetime) -> None:
        if not self.can_be_about_resolution(received_at):
            raise ContradictsRecord("The case was resolved after that. Record it as a note.", "/received_at")

    def _suspected(self) -> datetime:
        if self.suspected_at is None:
            raise InvalidTransition("This case is not held for a dispute.")
        return self.suspected_at


EVENTS = (Disputed, Reopened, DisputeSuspected, DisputeDismissed)
