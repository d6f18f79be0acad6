"""SOP 5.1, 5.8d: what monitoring may do with a case: add an alert to it, reopen it, and bear witness of a recovery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.aggregate import Recorded
from domain.case.clauses.duplicates import Duplicates
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import Assumption
from domain.errors import InvalidTransition
from domain.policy import Policy
from domain.values import Disclosure, Provenance

ALERTS = "alerts"
"""What is missing of a case whose source left alerts out (`truncatedAlerts`)."""


@dataclass(frozen=True)
class FiredAlert:
    """An episode of an alert; both are codes."""

    fingerprint: str
    started_at: datetime


class Alerted(Recorded):
    """Episodes of alerts that are about this case. Labels and annotations are a disclosure."""

    TOPIC = "case.alerted"
    source: str
    alerts: tuple[FiredAlert, ...]
    receipt: str
    """The message that said so."""
    assumed: Assumption | None = None
    truncated: int = 0
    """How many alerts the source left out."""
    words: Disclosure | None = None

    def apply(self, case: CaseState) -> None:
        case.recovered_at, case.verified_at = None, None  # whoever said that all is well said so before
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

    def apply(self, case: CaseState) -> None:
        case.recovered_at = self.recovered_at


class Alerts(Duplicates):
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
        """Take episodes of alerts, or that some were left out; a resolved case goes on where it was.

        Raises InvalidTransition once it is closed: then it is a new case's.
        """
        self._take_no_more_once_closed()
        if self.status is Status.RESOLVED and alerts:
            self.require_own_way("be reopened")
            self._reopen(policy, provenance, None)
        told = {"source": source, "alerts": alerts, "receipt": receipt, "assumed": assumed, "words": words}
        self.record(Alerted, provenance, truncated=truncated, **told)

    def observe_recovery(self, source: str, recovered_at: datetime, receipt: str, provenance: Provenance) -> None:
        """Bear witness that all alerts have recovered (R-5.8d). Raises InvalidTransition once it is closed."""
        self._take_no_more_once_closed()
        self.record(RecoveryObserved, provenance, source=source, recovered_at=recovered_at, receipt=receipt)

    def _take_no_more_once_closed(self) -> None:
        """Who may is decided where the message is taken in (`domain/receipt.py`). Raises InvalidTransition (R-5.9f)."""
        if self.status is Status.CLOSED:
            raise InvalidTransition("take alerts", self.status)

    def takes_alerts(self, now: datetime) -> bool:
        """Whether a new episode is still this case's: it is open, or resolved and inside its window."""
        if self.status is Status.RESOLVED:
            return self.dispute_until is None or now < self.dispute_until or self.suspected_at is not None
        return self.status is not Status.CLOSED


EVENTS = (Alerted, RecoveryObserved)
