"""SOP 5.5: the initial diagnosis, to find the full symptoms and what has gone wrong."""

from __future__ import annotations

from dataclasses import dataclass

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.errors import PriorityRequired
from domain.values import Disclosure, Provenance


@dataclass(frozen=True)
class Step:
    """One step of a diagnostic script by its id; the answer's words are in the diagnosis's disclosure."""

    step: str


class Diagnosed(Recorded):
    TOPIC = "case.diagnosed"
    words: Disclosure
    """Symptoms, findings, the answers to a script's steps, in the technician's words."""
    script: str | None = None
    steps: tuple[Step, ...] = ()

    def apply(self, case: CaseState) -> None:
        case.symptomatic = True
        case.worked(self.timestamp)
        if case.status is Status.PRIORITIZED:
            case.status = Status.IN_DIAGNOSIS


class Diagnosis(CaseState):
    def diagnose(
        self,
        words: Disclosure,
        provenance: Provenance,
        *,
        script: str | None = None,
        steps: tuple[Step, ...] = (),
        reason: Disclosure | None = None,
    ) -> None:
        """Record a diagnosis, whole or partial (R-5.5a). Raises PriorityRequired, InvalidTransition."""
        self.require_priority()
        self.allow("diagnose", provenance)
        self.record(Diagnosed, provenance, words=words, script=script, steps=steps, reason=reason)

    def require_priority(self) -> None:
        """A case that is ours is prioritised before it is worked on (5.4 before 5.5). Raises PriorityRequired."""
        if self.status is Status.TRIAGED:
            raise PriorityRequired


EVENTS = (Diagnosed,)
