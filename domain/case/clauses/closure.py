"""SOP 5.9: a resolved case closes: by its timer after 3 days, or by the customer's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.aggregate import Recorded
from domain.case.obligations import ended_by_closing
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import received_after
from domain.errors import ConfirmationRequired, Forbidden, Invalid, InvalidTransition
from domain.obligation import ObligationKind
from domain.policy import Policy
from domain.values import Disclosure, Provenance, Role

CLOSES = "system:auto-close"
"""The actor of the automatic closure (R-5.9d)."""
UNTOLD = (ObligationKind.INFORM_CUSTOMER, ObligationKind.DECIDE_UNINFORMED)
"""What is owed to a customer whom the mail about the resolution did not reach."""


@dataclass(frozen=True)
class Confirmation:
    """The customer's recorded acceptance of the resolution (R-5.5d, R-6.2); by whom is in the words."""

    method: str
    at: datetime


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
        return (*UNTOLD, ObligationKind.ANSWER_NOMINATION, *self.ended)


class Closure(CaseState):
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
        self.require_own_way("be closed")
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


EVENTS = (Closed,)
