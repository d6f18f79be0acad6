"""SOP 5.5: the initial diagnosis, to find the full symptoms and what has gone wrong."""

from __future__ import annotations

from dataclasses import dataclass

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.errors import Invalid, PriorityRequired
from domain.obligation import ObligationKind
from domain.values import Disclosure, Provenance


@dataclass(frozen=True)
class StepTaken:
    """One step of a diagnostic script by its id; the answer's words are in the diagnosis's disclosure."""

    step: str


class Diagnosed(Recorded):
    TOPIC = "case.diagnosed"
    words: Disclosure
    """Symptoms, findings, the answers to a script's steps, in the technician's words."""
    script: str | None = None
    steps: tuple[StepTaken, ...] = ()
    script_version: int | None = None

    def apply(self, case: CaseState) -> None:
        case.symptomatic = True
        case.worked(self.timestamp)
        if case.status is Status.PRIORITIZED:
            case.status = Status.IN_DIAGNOSIS

    def settles(self) -> tuple[str, ...]:
        return (ObligationKind.READ_ANSWER,)


class KnownErrorsSearched(Recorded):
    """A look at what is known already: what was asked, shown and chosen, also when that was nothing (R-5.5b)."""

    TOPIC = "case.known_errors_searched"
    query: Disclosure
    shown: tuple[str, ...] = ()
    chosen: str | None = None
    applied: bool = False

    def apply(self, case: CaseState) -> None:
        if self.applied:
            case.worked(self.timestamp)
        if case.status is Status.PRIORITIZED:
            case.status = Status.IN_DIAGNOSIS


@dataclass(frozen=True)
class ScriptRun:
    """A run of a diagnostic script, whole or partial: its id and version, the steps taken in order (R-5.5a)."""

    script: str
    version: int | None
    steps: tuple[StepTaken, ...] = ()
    deviations: tuple[str, ...] = ()


class Diagnosis(CaseState):
    def diagnose(
        self,
        words: Disclosure,
        provenance: Provenance,
        *,
        run: ScriptRun | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Record a diagnosis, whole or partial (R-5.5a). Raises PriorityRequired, InvalidTransition."""
        self.require_priority()
        self.allow("diagnose", provenance)
        ran = run or ScriptRun("", None)
        self.record(
            Diagnosed,
            provenance,
            words=words,
            script=ran.script or None,
            script_version=ran.version,
            steps=ran.steps,
            deviations=ran.deviations,
            reason=reason,
        )

    def search_known_errors(
        self,
        query: Disclosure,
        shown: tuple[str, ...],
        chosen: str | None,
        applied: bool,
        provenance: Provenance,
        *,
        reason: Disclosure | None = None,
    ) -> None:
        """Record a look-up (R-5.5b). Raises PriorityRequired, InvalidTransition, Invalid for a choice not shown."""
        self.require_priority()
        self.allow("known_errors", provenance)
        if chosen is not None and chosen not in shown:
            raise Invalid("what was chosen is among what was shown", "/chosen")
        if applied and chosen is None:
            raise Invalid("nothing was chosen that could have been applied", "/applied")
        self.record(
            KnownErrorsSearched,
            provenance,
            query=query,
            shown=shown,
            chosen=chosen,
            applied=applied,
            reason=reason,
        )

    def require_priority(self) -> None:
        """A case that is ours is prioritised before it is worked on (5.4 before 5.5). Raises PriorityRequired."""
        if self.status is Status.TRIAGED:
            raise PriorityRequired


EVENTS = (Diagnosed, KnownErrorsSearched)
