"""SOP 5.5: the initial diagnosis, to find the full symptoms and what has gone wrong."""

from __future__ import annotations

from dataclasses import dataclass

from domain.aggregate import Recorded
from domain.case.state import CaseState
from domain.case.status import Status
from domain.errors import Invalid
from domain.obligation import ObligationKind
from domain.values import Disclosure, Provenance


@dataclass(frozen=True)
class StepTaken:
    """A step of a diagnostic script, by its id. The answer is in the diagnosis's disclosure."""

    step: str


@dataclass(frozen=True)
class ScriptRun:
    """A whole or partial run of a diagnostic script: its steps in order (R-5.5a)."""

    script: str
    version: int | None
    steps: tuple[StepTaken, ...] = ()
    deviations: tuple[str, ...] = ()


class Diagnosed(Recorded):
    """Somebody recorded a diagnosis, whole or partial."""

    TOPIC = "case.diagnosed"
    SETTLES = (ObligationKind.READ_ANSWER,)
    words: Disclosure
    """Symptoms, findings and the answers to a script's steps."""
    script: str | None = None
    steps: tuple[StepTaken, ...] = ()
    script_version: int | None = None

    def _fold(self, case: CaseState) -> None:
        case.symptomatic = True
        case.worked(self.timestamp)
        _begin_diagnosis(case)


class KnownErrorsSearched(Recorded):
    """Somebody looked for a known error: the query, what was shown and what was chosen, if anything (R-5.5b)."""

    TOPIC = "case.known_errors_searched"
    query: Disclosure
    shown: tuple[str, ...] = ()
    chosen: str | None = None
    applied: bool = False

    def _fold(self, case: CaseState) -> None:
        if self.applied:
            case.worked(self.timestamp)
        _begin_diagnosis(case)


def _begin_diagnosis(case: CaseState) -> None:
    if case.status is Status.PRIORITIZED:
        case.status = Status.IN_DIAGNOSIS


class Diagnosis(CaseState):
    """What has gone wrong."""

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
        """Record a search for known errors (R-5.5b).

        Raises PriorityRequired and InvalidTransition. Raises Invalid for a choice that was not shown, or nothing applied.
        """
        self.require_priority()
        self.allow("known_errors", provenance)
        if chosen is not None and chosen not in shown:
            raise Invalid("The choice must be one of the known errors shown.", "/chosen")
        if applied and chosen is None:
            raise Invalid("Nothing was chosen that could be applied.", "/applied")
        found = {"query": query, "shown": shown, "chosen": chosen, "applied": applied}
        self.record(KnownErrorsSearched, provenance, **found, reason=reason)


EVENTS = (Diagnosed, KnownErrorsSearched)
