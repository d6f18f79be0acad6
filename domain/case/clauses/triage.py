"""SOP 5.3: does the incident belong to this desk, or to another agency's help desk?"""

from __future__ import annotations

from domain.aggregate import Recorded
from domain.case.clauses.notification import ContactAttempt, check_contact, record_contact
from domain.case.clauses.resolution import record_resolution
from domain.case.state import CaseState
from domain.case.status import Status
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.policy import Policy
from domain.values import Disclosure, Provenance

REFERRED = Resolution(ResolutionCode.REFERRED, workaround=False, cause_corrected=CauseCorrected.NOT_APPLICABLE)


class Triaged(Recorded):
    """The desk keeps the case (R-5.3a)."""

    TOPIC = "case.triaged"
    owner: str

    def _fold(self, case: CaseState) -> None:
        case.status = Status.TRIAGED


class Referred(Recorded):
    """The case went to another agency's help desk. The event after it resolves the case."""

    TOPIC = "case.referred"
    help_desk: str
    help_desk_version: int | None = None
    contact: Disclosure | None = None
    """The other desk's entry at that time: agency, desk, phone, e-mail, hours, portal (R-5.3b)."""


class Triage(CaseState):
    """Whose case it is."""

    def triage(self, owner: str, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Record that the case belongs to this desk (R-5.3a). Raises InvalidTransition."""
        self.allow("triage", provenance)
        self.record(Triaged, provenance, owner=owner, reason=reason)

    def refer(
        self,
        help_desk: tuple[str, int, Disclosure | None],
        contact: ContactAttempt,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> None:
        """Refer to another agency's desk: resolve the case and tell the customer where to go (R-5.3b, R-5.3c).

        ``help_desk`` is its id, version and entry. The case needs no priority. A failed contact leaves the obligation to
        inform the customer. Raises InvalidTransition, and Invalid for a contact in the future.
        """
        self.allow("refer", provenance)
        self.require_own_way("be referred")
        check_contact(contact, provenance)
        code, version, entry = help_desk
        self.record(Referred, provenance, help_desk=code, help_desk_version=version, contact=entry, reason=reason)
        record_resolution(self, REFERRED, policy, provenance)
        record_contact(self, contact, policy, provenance)


EVENTS = (Triaged, Referred)
