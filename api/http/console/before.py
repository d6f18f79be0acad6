"""What must come before a command, and the form that does it: told beside the command, and when the desk refuses it.

The words of the API name its verbs and fields; those of a page name its forms. The rules are the domain's: a hint that is
wrong costs a click, and never lets anything through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.case import Case
from domain.case.status import Status
from domain.policy import Policy


@dataclass(frozen=True)
class Step:
    """Something to be done first."""

    words: str
    command: str
    """The form that does it."""
    field: str
    """Its first field, to which a link leads."""


SERVICE = Step("set the service", "set-service", "value")
DIAGNOSIS = Step("record a diagnosis", "diagnose", "symptoms")
PRIORITY = Step("set the priority", "prioritize", "impact")
VERIFICATION = Step("ask the customer, and record their answer", "verify", "outcome")
COMPLETION = Step("complete what is missing", "correct", "field")
WAIVER = Step("waive it", "waive", "reason")
DECISION = Step("decide on each similar case", "relate", "case")


def steps_before(case: Case, name: str, policy: Policy) -> Sequence[Step]:
    """What a command that the table allows still needs (R-4.1b, R-5.2c, R-5.5c, R-5.8a)."""
    if name not in ("assign", "resolve"):
        return ()
    steps = [SERVICE] if case.service is None else []
    if not case.symptomatic:
        steps.append(DIAGNOSIS)
    if name == "resolve":
        steps += [COMPLETION] if case.required else []
        asked = case.verified_since_last_work or len(case.attempts) >= policy.verification_attempts
        steps += [VERIFICATION] if case.status is Status.ASSIGNED and not asked else []
    return steps


@dataclass(frozen=True)
class Told:
    """A refusal in the words of a page."""

    title: str = ""
    """Empty where the API's serves."""
    detail: str = ""
    steps: Sequence[Step] = ()


_TOLD: Mapping[str, Told] = {
    "service-required": Told(detail="The service says which team is responsible.", steps=(SERVICE,)),
    "priority-required": Told(detail="Impact and severity give the priority.", steps=(PRIORITY,)),
    "diagnosis-required": Told(detail="A team needs to know what was observed.", steps=(DIAGNOSIS,)),
    "verification-required": Told(
        detail="Their answer must be newer than the last work on the case.", steps=(VERIFICATION,)
    ),
    "information-required": Told(steps=(COMPLETION, WAIVER)),
    "duplicate-decision-required": Told(detail="Others may have reported this already.", steps=(DECISION,)),
    "problem-link-required": Told(detail="The cause remains: choose a Problem Case in the form."),
    "confirmation-required": Told(detail="Say how, by whom and when the customer confirmed."),
    "dispute-window-closed": Told(detail="Log a follow-up case instead."),
    "validation-failed": Told("Some fields need another look"),
    "unknown-reference": Told("The desk does not have what was named"),
    "contradicts-record": Told("What was typed contradicts the record"),
    "malformed": Told("The form cannot be read"),
    "content-too-large": Told("That is too large"),
}
_CLAUSES = re.compile(r" \((?:R-[\w.]+(?:, )?)+\)")


def told(slug: str, title: str, detail: str) -> Told:
    """A refusal of the API as a page tells it: without the numbers of clauses, and with the way on."""
    known = _TOLD.get(slug, Told())
    return Told(known.title or title, known.detail or without_clauses(detail), known.steps)


def without_clauses(words: str) -> str:
    """Words without the numbers of requirements, which say nothing to whoever works."""
    return _CLAUSES.sub("", words)
