"""Annotations: the one thing a case accepts in any state, from everybody who may see it."""

from __future__ import annotations

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.values import Disclosure, Provenance


class Noted(Recorded):
    TOPIC = "case.noted"
    note: Disclosure
    visible_to_customer: bool = False

    def apply(self, case: CaseState) -> None:
        """A note changes nothing: not the status, not the deadline (R-5.9e)."""


class Notes(CaseState):
    def note(self, note: Disclosure, provenance: Provenance, *, visible_to_customer: bool = False) -> None:
        """Add a note; also after closing (R-5.9f)."""
        self.allow("note", provenance)
        self.record(Noted, provenance, note=note, visible_to_customer=visible_to_customer)


EVENTS = (Noted,)
