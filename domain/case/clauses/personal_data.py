"""Personal data of a case: erased with a trace, unless a legal hold keeps them (audit.md, Personal data).

Both also after closing (R-5.9f), and never without somebody's approval.
"""

from __future__ import annotations

from datetime import datetime

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.terms import LegalHold
from domain.errors import InvalidTransition, OnHold
from domain.values import Disclosure, ErasureScope, Provenance


class HoldPlaced(Recorded):
    TOPIC = "case.hold_placed"
    approved_by: str
    since: datetime

    def apply(self, case: CaseState) -> None:
        case.hold = LegalHold(self.since, self.approved_by)


class HoldReleased(Recorded):
    TOPIC = "case.hold_released"
    approved_by: str

    def apply(self, case: CaseState) -> None:
        case.hold = None


class PersonalDataErased(Recorded):
    """What was said of somebody in this case is gone from the vault; who approved it stands in his own record."""

    TOPIC = "case.personal_data_erased"
    subject: str
    scope: ErasureScope

    def apply(self, case: CaseState) -> None:
        """The record stays as it is: only the words are gone that it points to."""


class PersonalData(CaseState):
    def require_no_hold(self, provenance: Provenance) -> None:
        """Refuse a hold that cannot be placed. Raises InvalidTransition."""
        self.allow("hold", provenance)
        if self.hold is not None:
            raise InvalidTransition("hold", "on hold already")

    def require_hold(self, provenance: Provenance) -> None:
        """Refuse a release where nothing is held. Raises InvalidTransition."""
        self.allow("release_hold", provenance)
        if self.hold is None:
            raise InvalidTransition("release hold", "not on hold")

    def place_hold(self, approved_by: str, reason: Disclosure, provenance: Provenance) -> None:
        """Keep what was said, whoever wants it erased. Raises InvalidTransition, also when it is kept already."""
        self.require_no_hold(provenance)
        self.record(HoldPlaced, provenance, approved_by=approved_by, since=provenance.at, reason=reason)

    def release_hold(self, approved_by: str, reason: Disclosure, provenance: Provenance) -> None:
        """Let it be erased again. Raises InvalidTransition, also when nothing keeps it."""
        self.require_hold(provenance)
        self.record(HoldReleased, provenance, approved_by=approved_by, reason=reason)

    def erase(
        self, subject: str, scope: ErasureScope, provenance: Provenance, *, reason: Disclosure | None = None
    ) -> None:
        """Record that what was said of somebody is erased. Raises OnHold, InvalidTransition."""
        self.allow("erase", provenance)
        if self.hold is not None:
            raise OnHold((self.number,))
        self.record(PersonalDataErased, provenance, subject=subject, scope=scope, reason=reason)


EVENTS = (HoldPlaced, HoldReleased, PersonalDataErased)
