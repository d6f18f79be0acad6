"""SOP 5.4-5.5: priority and diagnosis."""

from __future__ import annotations

from application.execution.attempt import Attempt, Words
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.clauses.diagnosis import ScriptRun, StepTaken
from domain.case.clauses.priority import Assessment
from domain.catalogue import Script


class Diagnosis:
    """Commands of 5.4 and 5.5."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def prioritize(self, number: str, assessment: Assessment, request: Request) -> Committed:
        """Assess impact and severity (R-5.4a). Targets follow the service's calendar, else the team's (R-4.1a)."""

        def decide(case: Case, on: Attempt) -> None:
            calendar = on.reference.calendar(case.service, case.team)
            case.prioritize(assessment, on.policy, on.provenance, named=calendar, reason=on.reason(case))

        return await self._runner.on_case("prioritize", number, request, decide)

    async def diagnose(
        self, number: str, words: Words, script: str | None, steps: tuple[str, ...], request: Request
    ) -> Committed:
        """Record a diagnosis and the script run that led to it, if any (R-5.5a)."""

        def decide(case: Case, on: Attempt) -> None:
            run = _run(script, steps, on) if script else None
            case.diagnose(on.required(case, **words), on.provenance, run=run, reason=on.reason(case))

        return await self._runner.on_case("diagnose", number, request, decide)

    async def search_known_errors(
        self, number: str, query: str, shown: tuple[str, ...], chosen: str | None, applied: bool, request: Request
    ) -> Committed:
        """Record a search of the known errors, even one that found none (R-5.5b)."""

        def decide(case: Case, on: Attempt) -> None:
            asked = on.required(case, query=query)
            case.search_known_errors(asked, shown, chosen, applied, on.provenance, reason=on.reason(case))

        return await self._runner.on_case("known_errors", number, request, decide)


def _run(script: str, steps: tuple[str, ...], on: Attempt) -> ScriptRun:
    """Return a run of the script's current version. Keeps steps that the script does not have, and marks them."""
    listed, taken = on.reference.script(script), tuple(StepTaken(step) for step in steps)
    if listed is None:
        return ScriptRun(script, None, taken, ("script_not_in_catalogue",))
    entry: Script = listed.entry
    strange = {step.step for step in taken} - {step.id for step in entry.steps}
    return ScriptRun(script, listed.version, taken, ("step_not_in_script",) if strange else ())
