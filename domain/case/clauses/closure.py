"""SOP 5.9: a resolved case closes, by its timer after 3 days or by the customer's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.aggregate import Recorded
from domain.case.obligations import ended_by_closing
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import received_after
from domain.errors import ConfirmationRequired, ContradictsRecord, Forbidden, Invalid, InvalidTransition
from domain.obligation import UNINFORMED, ObligationKind
from domain.policy import Policy
from domain.values import Disclosure, Provenance, Role

CLOSES = "system:auto-close"
"""The actor of the automatic closure (R-5.9d)."""


@dataclass(frozen=True)
class Confirmation:
    """The customer's recorded acceptance of the resolution (R-5.5d, R-6.2). The words name the person."""

    method: str
    at: datetime


class Closed(Recorded):
    """The case is closed. The customer may still dispute until the deadline."""

    TOPIC = "case.closed"
    closed_at: datetime
    policy: str
    confirmation: Confirmation | None = None
    words: Disclosure | None = None
    with_first: str | None = None
    """The first case that it closed with, for a duplicate (R-5.6c)."""
    ended: tuple[str, ...] = ()
    """Keys of the obligations that only the open case had."""

    def _fold(self, case: CaseState) -> None:
        case.status, case.closed_at = Status.CLOSED, self.closed_at
        if self.confirmation is not None:
            case.contacted(self.confirmation.at)

    def settles(self) -> tuple[str, ...]:
        """End what only an open case owes."""
        return (*UNINFORMED, ObligationKind.ANSWER_NOMINATION, *self.ended)


def record_closing(case: CaseState, policy: Policy, provenance: Provenance, **how: Any) -> None:
    """Close a case. The caller has checked that it may be closed."""
    ended = ended_by_closing(case)
    case.record(Closed, provenance, closed_at=provenance.at, policy=policy.version, ended=ended, **how)


class Closure(CaseState):
    """The end of a case."""

    def close_elapsed(self, resolution: int, policy: Policy, provenance: Provenance) -> None:
        """Close by the timer, once the window of the resolution of version ``resolution`` has elapsed (R-5.9d).

        Raises Forbidden for everybody but the system. Raises InvalidTransition where the timer has nothing to do: another
        resolution, an open window, a customer's mail that awaits a decision.
        """
        if provenance.by.role is not Role.SYSTEM:
            raise Forbidden("Only the timer closes a case whose window has elapsed (R-5.9d).")
        self.allow("close", provenance)
        if self.resolution_version != resolution:
            raise InvalidTransition("This case was resolved anew.")
        if self.closes_at is None or provenance.at < self.closes_at:
            raise InvalidTransition("This case is inside its dispute window.")
        record_closing(self, policy, provenance)

    def close(
        self,
        policy: Policy,
        provenance: Provenance,
        *,
        confirmation: Confirmation | None = None,
        words: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Close a resolved case, as its customer or with the customer's recorded confirmation.

        The duty manager may, with a reason, once too many attempts to inform the customer have failed (R-5.9g).
        A confirmation counts where it was received after the resolution and after any dispute candidate (R-5.9c).
        Raises Forbidden, InvalidTransition, ConfirmationRequired (R-5.5d), and Invalid for one that does not count.
        """
        decides = provenance.by.role is Role.DUTY_MANAGER
        uninformed = self.dispute_until is None and self.failed_notifications >= policy.notification_attempts
        if decides and (reason is None or not uninformed):
            raise Forbidden("The duty manager closes only with a reason, once nobody could be informed (R-5.9g).")
        self.allow("close", provenance)
        self.require_own_way("be closed")
        if confirmation is None and provenance.by.role is not Role.CUSTOMER and not decides:
            raise ConfirmationRequired
        self._check_confirmation(confirmation, provenance)
        record_closing(
            self,
            policy,
            provenance,
            confirmation=confirmation,
            deviations=("closed_uninformed",) if decides and confirmation is None else (),
            words=words,
            reason=reason,
        )

    def _check_confirmation(self, confirmation: Confirmation | None, provenance: Provenance) -> None:
        """Check that it follows the resolution and any dispute candidate. Raises Invalid, InvalidTransition."""
        if confirmation is None:
            if self.suspected_at is not None and provenance.by.role is not Role.CUSTOMER:
                raise InvalidTransition("This case is held for a dispute. Decide on it first.")
            return
        if confirmation.at > provenance.at:
            raise Invalid("A confirmation cannot lie in the future.", "/confirmation/at")
        if not self.can_be_about_resolution(confirmation.at):
            raise ContradictsRecord("The case was resolved after that. Ask the customer again.", "/confirmation/at")
        if self.suspected_at is not None and not received_after(confirmation.at, self.suspected_at):
            raise ContradictsRecord("The customer has written since. Decide on that mail first.", "/confirmation/at")


EVENTS = (Closed,)
