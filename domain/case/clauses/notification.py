"""SOP 5.9, first half: the customer is told, and from then on has 3 days.

Nothing but the notification starts the window, and nothing moves its end (R-5.9d, R-5.9e).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import ResolutionCode
from domain.errors import Invalid, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Disclosure, Provenance, Role


@dataclass(frozen=True)
class ContactAttempt:
    """An attempt to tell the customer: `{method, by, at, outcome}` (R-5.3c); by whom is who records it."""

    method: str
    at: datetime
    informed: bool


class Notified(Recorded):
    """A mail server accepted the mail about this resolution for delivery."""

    TOPIC = "case.notified"
    message: str
    resolution: int
    accepted_at: datetime
    policy: str
    dispute_until: datetime | None = None
    """None where the window runs already, or where the case has none of its own."""
    settled: bool = True
    """Whether nobody owes it to the customer any more to tell him; of a referral he is told in person too."""

    def apply(self, case: CaseState) -> None:
        if self.dispute_until is not None:
            case.dispute_until, case.window_since = self.dispute_until, self.accepted_at
            case.notified_by = self.message

    def settles(self) -> tuple[str, ...]:
        return _UNINFORMED if self.settled else ()


class NotificationFailed(Recorded):
    """No mail will reach the customer: it came back, or there is no address (R-5.9g)."""

    TOPIC = "case.notification_failed"
    resolution: int
    cause: str
    failures: int
    due_at: datetime
    message: str | None = None
    decides: bool = False
    """Whether the duty manager decides now."""
    stops_window: bool = False
    """Whether the window ran from this mail, which came back: then it has not started after all."""

    def apply(self, case: CaseState) -> None:
        case.failed_notifications = self.failures
        if self.stops_window:
            case.dispute_until = case.window_since = case.notified_by = None

    def owes(self) -> tuple[Obligation, ...]:
        return _owed(self.due_at, self.decides)


class Informed(Recorded):
    """Somebody told the customer, or tried to."""

    TOPIC = "case.informed"
    method: str
    at: datetime
    informed: bool
    policy: str
    failures: int = 0
    due_at: datetime | None = None
    decides: bool = False
    dispute_until: datetime | None = None

    def apply(self, case: CaseState) -> None:
        case.failed_notifications = self.failures
        if self.dispute_until is not None:
            case.dispute_until, case.window_since = self.dispute_until, _since(self.at, case)
            case.notified_by = None

    def owes(self) -> tuple[Obligation, ...]:
        return () if self.due_at is None else _owed(self.due_at, self.decides)

    def settles(self) -> tuple[str, ...]:
        return _UNINFORMED if self.informed else ()


_UNINFORMED = (ObligationKind.INFORM_CUSTOMER, ObligationKind.DECIDE_UNINFORMED)


def _since(at: datetime, case: CaseState) -> datetime:
    """Since when a contact counts: nobody could be told of the resolution before it."""
    return at if case.resolved_at is None else max(at, case.resolved_at)


def _owed(due_at: datetime, decides: bool) -> tuple[Obligation, ...]:
    inform = Obligation(ObligationKind.INFORM_CUSTOMER, due_at)
    return (inform, Obligation(ObligationKind.DECIDE_UNINFORMED, due_at, Role.DUTY_MANAGER)) if decides else (inform,)


def check_contact(contact: ContactAttempt, provenance: Provenance) -> None:
    """A contact is recorded once it was made. Raises Invalid."""
    if contact.at > provenance.at:
        raise Invalid("a contact cannot lie in the future", "/contact/at")


class Notification(CaseState):
    def notified(self, message: str, resolution: int, policy: Policy, provenance: Provenance) -> None:
        """A mail about the resolution of version ``resolution`` was accepted: the window starts (R-5.9d).

        Of a resolution that stands no longer nothing is recorded here. Raises InvalidTransition.
        """
        self.allow("notify", provenance)
        if resolution != self.resolution_version:
            raise InvalidTransition("be notified of", "resolved anew")
        self.record(
            Notified,
            provenance,
            message=message,
            resolution=resolution,
            accepted_at=provenance.at,
            policy=policy.version,
            dispute_until=self._window(provenance.at, policy),
            settled=self.resolution is None or self.resolution.code is not ResolutionCode.REFERRED,
        )

    def not_notified(
        self,
        cause: str,
        policy: Policy,
        provenance: Provenance,
        *,
        message: str | None = None,
        returned: bool = False,
    ) -> None:
        """A mail bounced, or there was no address to send it to (R-5.9g). Raises InvalidTransition.

        One that had been accepted and is ``returned`` stops the window that ran from it, and from nothing else, unless the case is closed.
        """
        self.allow("notify", provenance)
        failures = self.failed_notifications + 1
        self.record(
            NotificationFailed,
            provenance,
            resolution=self.resolution_version,
            cause=cause,
            message=message,
            failures=failures,
            due_at=provenance.at + policy.inform_customer,
            decides=failures >= policy.notification_attempts,
            stops_window=returned
            and self.status is Status.RESOLVED
            and message is not None
            and message == self.notified_by,
        )

    def inform(
        self, contact: ContactAttempt, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Record a contact by other means: a successful one starts the window, a failed one is counted (R-5.9g)."""
        failures = self.failed_notifications + (not contact.informed)
        self.record(
            Informed,
            provenance,
            method=contact.method,
            at=contact.at,
            informed=contact.informed,
            policy=policy.version,
            failures=failures,
            due_at=None if contact.informed else provenance.at + policy.inform_customer,
            decides=not contact.informed and failures >= policy.notification_attempts,
            dispute_until=self._window(_since(contact.at, self), policy) if contact.informed else None,
            reason=reason,
        )

    def tell_by_other_means(
        self, contact: ContactAttempt, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Discharge the debt to inform the customer, or count another failure (R-5.9g).

        Raises InvalidTransition when nothing is owed, Invalid for a contact in the future or before the resolution.
        """
        self.allow("discharge", provenance)
        check_contact(contact, provenance)
        if ObligationKind.INFORM_CUSTOMER not in self.obligations:
            raise InvalidTransition("be told of", "not owing the customer that")
        if not self.can_be_about_resolution(contact.at):
            raise Invalid("the case was resolved after that: nobody can have been told of it", "/at")
        self.inform(contact, policy, provenance, reason=reason)

    def _window(self, since: datetime, policy: Policy) -> datetime | None:
        if self.dispute_until is not None or self.continued:
            return None
        if self.status not in (Status.RESOLVED, Status.CLOSED):
            return None
        return policy.window_from(since)


EVENTS = (Notified, NotificationFailed, Informed)
