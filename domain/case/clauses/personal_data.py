"""Personal data of a case: erased with a trace, unless a legal hold keeps them (audit.md, Personal data).

Erasures and holds also apply to closed cases (R-5.9f), and always need an approval.
"""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.terms import LegalHold
from domain.errors import InvalidTransition, OnHold
from domain.values import Disclosure, ErasureScope, Provenance


class HoldPlaced(Recorded):
    """A legal hold keeps the words of the case."""

    TOPIC = "case.hold_placed"
    approved_by: str
    since: datetime

    def _fold(self, case: CaseState) -> None:
        case.hold = LegalHold(self.since, self.approved_by)


class HoldReleased(Recorded):
    """The legal hold is released."""

    TOPIC = "case.hold_released"
    approved_by: str

    def _fold(self, case: CaseState) -> None:
        case.hold = None


class PersonalDataErased(Recorded):
    """Disclosures about a person are gone from the vault; the record stays. Their own record names the approver."""

    TOPIC = "case.personal_data_erased"
    ERASES = True
    subject: str
    scope: ErasureScope


class PersonalData(CaseState):
    """Legal holds and erasures."""

    def require_no_hold(self, provenance: Provenance) -> None:
        """Refuse a second hold. Raises InvalidTransition."""
        self.allow("hold", provenance)
        if self.hold is not None:
            raise InvalidTransition("This case is on hold already.")

    def require_hold(self, provenance: Provenance) -> None:
        """Refuse a release where there is no hold. Raises InvalidTransition."""
        self.allow("release_hold", provenance)
        if self.hold is None:
            raise InvalidTransition("This case is not on hold.")

    def place_hold(self, approved_by: str, reason: Disclosure, provenance: Provenance) -> None:
        """Place a legal hold: no words of the case are erased. Raises InvalidTransition, also for a second hold."""
        self.require_no_hold(provenance)
        self.record(HoldPlaced, provenance, approved_by=approved_by, since=provenance.at, reason=reason)

    def release_hold(self, approved_by: str, reason: Disclosure, provenance: Provenance) -> None:
        """Release the legal hold. Raises InvalidTransition, also where there is none."""
        self.require_hold(provenance)
        self.record(HoldReleased, provenance, approved_by=approved_by, reason=reason)

    def erase(
        self, subject: str, scope: ErasureScope, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Record that disclosures about a person are erased. Raises OnHold, InvalidTransition."""
        self.allow("erase", provenance)
        if self.hold is not None:
            raise OnHold((self.number,))
        self.record(PersonalDataErased, provenance, subject=subject, scope=scope, reason=reason)


EVENTS = (HoldPlaced, HoldReleased, PersonalDataErased)
