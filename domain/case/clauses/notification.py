"""SOP 5.9, first half: the customer is told, and from then on has 3 days.

Only the notification starts the window, and nothing moves its end (R-5.9d, R-5.9e).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.case.terms import ResolutionCode
from domain.errors import ContradictsRecord, Invalid, InvalidTransition
from domain.obligation import UNINFORMED, Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Disclosure, Provenance, Role


@dataclass(frozen=True)
class ContactAttempt:
    """An attempt to tell the customer (R-5.3c). The person who made it is the one who records it."""

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
    """End of the window; None where one runs already, or where the case has none of its own."""
    settled: bool = True
    """Whether it ends the obligation to inform the customer. After a referral they are told in person too."""

    def _fold(self, case: CaseState) -> None:
        case.contacted(self.accepted_at)
        if self.dispute_until is not None:
            case.dispute_until, case.window_since = self.dispute_until, self.accepted_at
            case.notified_by = self.message

    def settles(self) -> tuple[str, ...]:
        """End the obligation to inform the customer, unless they are told in person too."""
        return UNINFORMED if self.settled else ()


class NotificationFailed(Recorded):
    """No mail will reach the customer: it bounced, or there is no address (R-5.9g)."""

    TOPIC = "case.notification_failed"
    resolution: int
    cause: str
    failures: int
    due_at: datetime
    message: str | None = None
    decides: bool = False
    """Whether the duty manager decides now."""
    stops_window: bool = False
    """Whether the window ran from this mail, and so has not started after all."""

    def _fold(self, case: CaseState) -> None:
        case.failed_notifications = self.failures
        if self.stops_window:
            case.dispute_until = case.window_since = case.notified_by = None

    def owes(self) -> tuple[Obligation, ...]:
        """Somebody owes it to the customer to inform them by other means."""
        return _to_inform(self.due_at, self.decides)


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

    def _fold(self, case: CaseState) -> None:
        case.failed_notifications = self.failures
        if self.informed:
            case.contacted(self.at)
        if self.dispute_until is not None:
            case.dispute_until, case.window_since = self.dispute_until, _since(self.at, case)
            case.notified_by = None

    def owes(self) -> tuple[Obligation, ...]:
        """A failed attempt leaves the obligation to inform the customer."""
        return () if self.due_at is None else _to_inform(self.due_at, self.decides)

    def settles(self) -> tuple[str, ...]:
        """A successful one ends it."""
        return UNINFORMED if self.informed else ()


def _since(at: datetime, case: CaseState) -> datetime:
    """When a contact counts from: nobody could be told of the resolution before it."""
    return at if case.resolved_at is None else max(at, case.resolved_at)


def _to_inform(due_at: datetime, decides: bool) -> tuple[Obligation, ...]:
    inform = Obligation(ObligationKind.INFORM_CUSTOMER, due_at)
    return (inform, Obligation(ObligationKind.DECIDE_UNINFORMED, due_at, Role.DUTY_MANAGER)) if decides else (inform,)


def check_contact(contact: ContactAttempt, provenance: Provenance) -> None:
    """Refuse a contact that has not been made yet. Raises Invalid."""
    if contact.at > provenance.at:
        raise Invalid("A contact cannot lie in the future.", "/contact/at")


def record_contact(
    case: CaseState,
    contact: ContactAttempt,
    policy: Policy,
    provenance: Provenance,
    *,
    reason: Disclosure | None = None,
) -> None:
    """Record a contact: a successful one starts the window, a failed one is counted (R-5.9g)."""
    failures = case.failed_notifications + (not contact.informed)
    case.record(
        Informed,
        provenance,
        method=contact.method,
        at=contact.at,
        informed=contact.informed,
        policy=policy.version,
        failures=failures,
        due_at=None if contact.informed else provenance.at + policy.inform_customer,
        decides=not contact.informed and failures >= policy.notification_attempts,
        dispute_until=_window(case, _since(contact.at, case), policy) if contact.informed else None,
        reason=reason,
    )


def _window(case: CaseState, since: datetime, policy: Policy) -> datetime | None:
    """The end of a window that starts now; None where one runs already, or where the case has none of its own."""
    starts = case.dispute_until is None and not case.continued and case.status in SETTLED
    return policy.window_from(since) if starts else None


class Notification(CaseState):
    """What the customer knows of the resolution."""

    def notified(self, message: str, resolution: int, policy: Policy, provenance: Provenance) -> None:
        """Start the window: a mail about the resolution of version ``resolution`` was accepted (R-5.9d).

        Raises InvalidTransition, also for a resolution that no longer stands.
        """
        self.allow("notify", provenance)
        if resolution != self.resolution_version:
            raise InvalidTransition("This case was resolved anew.")
        self.record(
            Notified,
            provenance,
            message=message,
            resolution=resolution,
            accepted_at=provenance.at,
            policy=policy.version,
            dispute_until=_window(self, provenance.at, policy),
            settled=self.resolution is None or self.resolution.code is not ResolutionCode.REFERRED,
        )

    def not_notified(
        self, cause: str, policy: Policy, provenance: Provenance, *, message: str | None = None, returned: bool = False
    ) -> None:
        """Record that a mail bounced, or that there was no address (R-5.9g). Raises InvalidTransition.

        ``returned`` means that a server had accepted the mail. It stops the window that ran from it, unless the case is
        closed.
        """
        self.allow("notify", provenance)
        failures = self.failed_notifications + 1
        ran_from_it = message is not None and message == self.notified_by
        self.record(
            NotificationFailed,
            provenance,
            resolution=self.resolution_version,
            cause=cause,
            message=message,
            failures=failures,
            due_at=provenance.at + policy.inform_customer,
            decides=failures >= policy.notification_attempts,
            stops_window=returned and self.status is Status.RESOLVED and ran_from_it,
        )

    def tell_by_other_means(
        self, contact: ContactAttempt, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Discharge the obligation to inform the customer, or count another failure (R-5.9g).

        Raises InvalidTransition where nothing is owed, and Invalid for a contact in the future or before the resolution.
        """
        self.allow("discharge", provenance)
        check_contact(contact, provenance)
        if ObligationKind.INFORM_CUSTOMER not in self.obligations:
            raise InvalidTransition("This case has no obligation to inform its customer.")
        if not self.can_be_about_resolution(contact.at):
            raise ContradictsRecord("The case was resolved after that, so nobody can have been told of it.", "/at")
        record_contact(self, contact, policy, provenance, reason=reason)


EVENTS = (Notified, NotificationFailed, Informed)
