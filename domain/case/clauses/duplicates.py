"""SOP 5.6: a duplicate is resolved into its first case, and goes where that goes (R-5.6c)."""

from __future__ import annotations

from domain.case.clauses.closure import record_closing
from domain.case.clauses.dispute import record_reopening
from domain.case.clauses.relations import Consulted, Linked, check_other, record_decision
from domain.case.clauses.resolution import record_resolution
from domain.case.state import CaseState
from domain.case.status import SETTLED, Status
from domain.case.terms import CauseCorrected, LinkKind, Resolution, ResolutionCode
from domain.errors import ContradictsRecord, InvalidTransition
from domain.policy import Policy
from domain.values import Disclosure, Provenance

DUPLICATE = Resolution(ResolutionCode.DUPLICATE, workaround=False, cause_corrected=CauseCorrected.NOT_APPLICABLE)


class Duplicates(CaseState):
    """One occurrence, reported twice by the same customer."""

    def duplicate(
        self,
        first: CaseState,
        consulted: Consulted | None,
        policy: Policy,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> None:
        """Resolve into the first case: same customer, same occurrence (R-5.6c). It has no window of its own.

        Raises InvalidTransition where this case is settled, or the first one is closed or a duplicate itself. Raises
        Invalid for another customer's case, or one received later.
        """
        self.allow("relate", provenance)
        check_other(self, first)
        self.require_own_way("become a duplicate")
        if self.status in SETTLED:
            raise InvalidTransition(f"A case that is {self.status} cannot become a duplicate.")
        if first.status is Status.CLOSED:
            raise InvalidTransition(f"{first.number} is closed and takes no duplicates.")
        if first.duplicate_of is not None:
            raise InvalidTransition(f"{first.number} is continued as {first.duplicate_of}.")
        if LinkKind.DUPLICATE in self.links.values():
            raise InvalidTransition("This case is the first of others and cannot become a duplicate.")
        if first.customer != self.customer:
            raise ContradictsRecord("A duplicate is the same customer's. Relate other customers' cases.", "/kind")
        if (first.received_at, first.number) > (self.received_at, self.number):
            raise ContradictsRecord(f"{first.number} was received later, so it is the duplicate of this case.", "/case")
        record_decision(Linked, self, first, consulted, provenance, reason=reason, kind=LinkKind.DUPLICATE_OF)
        record_resolution(self, DUPLICATE, policy, provenance)

    def follow(self, first: CaseState, policy: Policy, provenance: Provenance) -> None:
        """Go where the first case has gone: resolved, reopened and closed with it (R-5.6c).

        Earlier releases let a duplicate be resolved by itself. Until that is disputed, it keeps its own window.
        """
        if first.status in SETTLED and self.status not in SETTLED:
            record_resolution(self, DUPLICATE, policy, provenance)
        if not self.continued:
            return
        if first.status is Status.CLOSED and self.status is Status.RESOLVED:
            record_closing(self, policy, provenance, with_first=first.number)
        if first.status not in SETTLED:
            record_reopening(self, policy, provenance, None, with_first=first.number)
