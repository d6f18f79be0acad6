"""SOP 5.9: the customer may dispute the resolution for 3 days; then the case closes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.aggregate import Recorded
from domain.case.logging import check_received
from domain.case.owing import ended_by_closing, owed_again
from domain.case.priority import targets
from domain.case.relation import Relating
from domain.case.state import CaseState, ResolutionCode
from domain.case.status import Status
from domain.case.words import received_after
from domain.errors import ConfirmationRequired, DisputeWindowClosed, Forbidden, Invalid, InvalidTransition
from domain.obligations import ObligationKind, Owed
from domain.policy import Policy
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
    settled_since: datetime | None = None
    """Since when it was resolved, or waited until it was: that time does not count against its target."""
    resolve_by: datetime | None = None
    with_first: str | None = None
    """The case it was a duplicate of, which was reopened (R-5.6c)."""
    owed: tuple[Owed, ...] = ()
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

    def owes(self) -> tuple[Owed, ...]:
        return self.owed

    def settles(self) -> tuple[str, ...]:
        return _AFTERMATH


class Closed(Recorded):
    TOPIC = "case.closed"
    closed_at: datetime
    policy: str
    confirmation: Confirmation | None = None
    words: Disclosure | None = None
    with_first: str | None = None
    ended: tuple[str, ...] = ()
    """Keys of the obligations that only the open case had."""

    def apply(self, case: CaseState) -> None:
        case.status, case.closed_at = Status.CLOSED, self.closed_at

    def settles(self) -> tuple[str, ...]:
        return (*_UNTOLD, ObligationKind.ANSWER_NOMINATION, *self.ended)


class DisputeSuspected(Recorded):
    """A mail that may be a dispute: the timer stands still until somebody has understood it (R-5.9c)."""

    TOPIC = "case.dispute_suspected"
    received_at: datetime
    due_at: datetime
    channel: Channel | None = None
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.suspected_at = self.received_at

    def owes(self) -> tuple[Owed, ...]:
        return (Owed(ObligationKind.DECIDE_DISPUTE, self.due_at),)


class DisputeDismissed(Recorded):
    TOPIC = "case.dispute_dismissed"
    dispute_until: datetime | None = None
    """Where the window ends now: it runs on from where it was."""

    def apply(self, case: CaseState) -> None:
        case.suspected_at, case.dispute_until = None, self.dispute_until

    def settles(self) -> tuple[str, ...]:
        return (ObligationKind.DECIDE_DISPUTE,)


_UNTOLD = (ObligationKind.INFORM_CUSTOMER, ObligationKind.DECIDE_UNINFORMED)
_AFTERMATH = (*_UNTOLD, ObligationKind.DECIDE_DISPUTE)
"""What is owed for a resolution, and no longer once it stands no more. A mail is decided on also after the closing."""
CLOSES = "system:auto-close"
"""The actor of the automatic closure (R-5.9d)."""


class Dispute(Relating):
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
        self._own_resolution()
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
        self._own_resolution()
        self._reopen(policy, provenance, reason)

    def reopen_with(self, first: str, policy: Policy, provenance: Provenance) -> None:
        """A duplicate reopens with the first case (R-5.6c); one that has a resolution of its own does not."""
        if self.continued:
            self._reopen(policy, provenance, None, with_first=first)

    def _own_resolution(self) -> None:
        """A duplicate reopens with the first case, and not by itself (R-5.6c). Raises InvalidTransition."""
        if self.continued:
            raise InvalidTransition("be reopened by itself", f"continued as {self.duplicate_of or 'another'}")

    def _reopen(self, policy: Policy, provenance: Provenance, reason: Disclosure | None, **how: bool | str) -> None:
        later, since = None, self.settled_since(policy)
        if self.priority is not None and since is not None:
            pauses = (*self.pauses, (since, provenance.at))
            _, later = targets(self.priority, self.received_at, pauses, policy)
        referred = self.resolution is not None and self.resolution.code is ResolutionCode.REFERRED
        status = Status.TRIAGED if referred and how.get("disputed") else self.resumes_as
        self.record(
            Reopened,
            provenance,
            status=status,
            settled_since=since,
            resolve_by=later,
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
        self._own_resolution()
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

    def can_be_about_resolution(self, received_at: datetime) -> bool:
        """Whether what was received then can be about the resolution, and not only about the case before it (R-5.9c)."""
        return self.resolved_at is not None and received_after(received_at, self.resolved_at)

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

    def close_elapsed(self, resolution: int, policy: Policy, provenance: Provenance) -> None:
        """The timer fires: close when all still holds that it was set for (R-5.9d).

        Still resolved, by the same resolution, no mail of the customer waiting, and the window elapsed.
        Raises InvalidTransition otherwise: then there is nothing to do; Forbidden for whoever is no timer.
        """
        if provenance.by.role is not Role.SYSTEM:
            raise Forbidden("a case whose window has ended is closed by its timer (R-5.9d)")
        self.allow("close", provenance)
        if self.resolution_version != resolution:
            raise InvalidTransition("close", "resolved anew")
        if self.closes_at is None or provenance.at < self.closes_at:
            raise InvalidTransition("close", "inside its dispute window")
        self._close(policy, provenance)

    def close_with(self, first: str, policy: Policy, provenance: Provenance) -> None:
        """A duplicate closes with the first case (R-5.6c); one that has a resolution of its own does not."""
        if self.continued:
            self._close(policy, provenance, with_first=first)

    def close(
        self,
        policy: Policy,
        provenance: Provenance,
        *,
        confirmation: Confirmation | None = None,
        words: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Close a resolved case: the customer does, or staff with the customer's recorded word.

        The duty manager may, with a reason, once the customer could not be informed often enough (R-5.9g).
        A word counts that was received after the resolution, and after any dispute candidate (R-5.9c).
        Raises Forbidden, InvalidTransition, ConfirmationRequired (R-5.5d), Invalid for a word that does not count.
        """
        decides = provenance.by.role is Role.DUTY_MANAGER
        uninformed = self.dispute_until is None and self.failed_notifications >= policy.notification_attempts
        if decides and (reason is None or not uninformed):
            raise Forbidden("the duty manager closes, with a reason, what nobody could be informed of (R-5.9g)")
        self.allow("close", provenance)
        if confirmation is None and provenance.by.role is not Role.CUSTOMER and not decides:
            raise ConfirmationRequired
        self._check_word(confirmation, provenance)
        self._close(
            policy,
            provenance,
            confirmation=confirmation,
            deviations=("closed_uninformed",) if decides and confirmation is None else (),
            words=words,
            reason=reason,
        )

    def _close(self, policy: Policy, provenance: Provenance, **how: Any) -> None:
        ended = ended_by_closing(self)
        self.record(Closed, provenance, closed_at=provenance.at, policy=policy.version, ended=ended, **how)

    def _check_word(self, confirmation: Confirmation | None, provenance: Provenance) -> None:
        """Hold the customer's word against the resolution and a dispute candidate. Raises Invalid, InvalidTransition."""
        if confirmation is None:
            if self.suspected_at is not None and provenance.by.role is not Role.CUSTOMER:
                raise InvalidTransition("close", "held for a dispute")
            return
        if confirmation.at > provenance.at:
            raise Invalid("a confirmation cannot lie in the future", "/confirmation/at")
        if not self.can_be_about_resolution(confirmation.at):
            raise Invalid("the case was resolved after that: ask the customer again", "/confirmation/at")
        if self.suspected_at is not None and not received_after(confirmation.at, self.suspected_at):
            raise Invalid("the customer has written since: decide on that mail first", "/confirmation/at")


EVENTS = (Disputed, Reopened, Closed, DisputeSuspected, DisputeDismissed)
