"""SOP 5.1, 5.8d: monitoring adds alerts to a case, reopens it, and reports a recovery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.clauses.dispute import record_reopening
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import Assumption
from domain.errors import InvalidTransition
from domain.policy import Policy
from domain.values import Disclosure, Provenance

ALERTS = "alerts"
"""The missing information of a case whose source left alerts out (`truncatedAlerts`)."""


@dataclass(frozen=True)
class FiredAlert:
    """An episode of an alert."""

    fingerprint: str
    started_at: datetime


class Alerted(Recorded):
    """Alerts fired for this case. Labels and annotations are a disclosure."""

    TOPIC = "case.alerted"
    source: str
    alerts: tuple[FiredAlert, ...]
    receipt: str
    """The message that reported them."""
    assumed: Assumption | None = None
    truncated: int = 0
    """The number of alerts that the source left out."""
    words: Disclosure | None = None

    def _fold(self, case: CaseState) -> None:
        case.recovered_at, case.verified_at = None, None  # an earlier word that all is well no longer holds
        case.assumed = self.assumed or case.assumed
        case.alerts |= {(self.source, fired.fingerprint) for fired in self.alerts}
        if self.truncated:
            case.truncated = True
            case.missing = (*(name for name in case.missing if name != ALERTS), ALERTS)
            case.required = (*(name for name in case.required if name != ALERTS), ALERTS)


class RecoveryObserved(Recorded):
    """All alerts have recovered: evidence, and neither a verification nor a closure (R-5.8d)."""

    TOPIC = "case.recovery_observed"
    source: str
    recovered_at: datetime
    receipt: str

    def _fold(self, case: CaseState) -> None:
        case.recovered_at = self.recovered_at


class Alerts(CaseState):
    """What monitoring sees of the case. Roles are checked where the message is received (`domain/receipt.py`)."""

    def alert(
        self,
        source: str,
        alerts: tuple[FiredAlert, ...],
        receipt: str,
        assumed: Assumption | None,
        policy: Policy,
        provenance: Provenance,
        *,
        truncated: int = 0,
        words: Disclosure | None = None,
    ) -> None:
        """Add episodes of alerts, or that some were left out. A resolved case reopens where it was.

        Raises InvalidTransition for a closed case: a new episode is a new case (R-5.9f).
        """
        self._require_not_closed()
        if self.status is Status.RESOLVED and alerts:
            self.require_own_way("be reopened")
            record_reopening(self, policy, provenance, None)
        told = {"source": source, "alerts": alerts, "receipt": receipt, "assumed": assumed, "words": words}
        self.record(Alerted, provenance, truncated=truncated, **told)

    def observe_recovery(self, source: str, recovered_at: datetime, receipt: str, provenance: Provenance) -> None:
        """Record that all alerts have recovered (R-5.8d). Raises InvalidTransition for a closed case."""
        self._require_not_closed()
        self.record(RecoveryObserved, provenance, source=source, recovered_at=recovered_at, receipt=receipt)

    def takes_alerts(self, now: datetime) -> bool:
        """Whether a new episode belongs to this case: it is open, or resolved and inside its window."""
        if self.status is Status.RESOLVED:
            return self.dispute_until is None or now < self.dispute_until or self.suspected_at is not None
        return self.status is not Status.CLOSED

    def _require_not_closed(self) -> None:
        if self.status is Status.CLOSED:
            raise InvalidTransition("This case is closed. New alerts open a new case.")


EVENTS = (Alerted, RecoveryObserved)
