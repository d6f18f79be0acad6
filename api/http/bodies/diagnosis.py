"""SOP 5.5: diagnose, and search the known errors."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.http.bodies.base import Body, MaybeReasonBody, Words
from api.http.fields import Code, KnownErrorNumber, Line, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request


class StepBody(Words):
    """One step of a diagnostic script, and the answer to it."""

    step: Annotated[Code, such_as("power")]
    """The id of the step in its script."""
    answer: Annotated[Text, such_as("yes")]
    """What was found."""


class DiagnoseBody(Body):
    """Record a diagnosis.

    A case needs a diagnosis, or symptoms in its log, before it is assigned or resolved (R-5.5c). A run of a script keeps
    its steps and answers (R-5.5a).
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"symptoms": "jobs stay queued", "findings": "spooler stopped"}]}
    )
    symptoms: Annotated[Text, such_as("jobs stay queued")]
    """What was observed."""
    findings: Annotated[Text, such_as("spooler stopped")]
    """What was found to be wrong."""
    script: Annotated[Code, such_as("printing-basics")] | None = None
    """The id of the diagnostic script that was followed, as `GET /scripts` lists it."""
    steps: list[StepBody] | None = None
    """The steps of the script that were taken, in order. Needs `script`."""
    outcome: Annotated[Text, such_as("the print server: assign to network")] | None = None
    """Where the script led."""
    reason: Annotated[Text, such_as("second look after the restart")] | None = None
    """Why. Kept with the event."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        words = {
            "symptoms": self.symptoms,
            "findings": self.findings,
            "steps": [step.model_dump() for step in self.steps] if self.steps else None,
            "outcome": self.outcome,
        }
        taken = tuple(step.step for step in self.steps or ())
        return await desk.diagnosis.diagnose(number, words, self.script, taken, request)


class KnownErrorsBody(MaybeReasonBody):
    """Record a search of the known errors.

    `GET /known-errors` searches; this command records that somebody did, and what they used of it (R-5.5b).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": "queue stuck", "shown": ["KE-0000001"], "chosen": "KE-0000001", "applied": True}],
            "if": {"properties": {"applied": {"const": True}}},
            "then": {"required": ["chosen"], "properties": {"chosen": {"type": "string"}}},
        }
    )
    query: Annotated[Line, such_as("queue stuck")]
    """What was searched for."""
    shown: Annotated[list[KnownErrorNumber], Field(max_length=200)]
    """The numbers of the known errors that the search found."""
    chosen: KnownErrorNumber | None = None
    """The one that fits: among `shown`."""
    applied: Annotated[bool, such_as(True)]
    """Whether its workaround was applied. Only with `chosen`."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.diagnosis.search_known_errors(
            number, self.query, tuple(self.shown), self.chosen, self.applied, request
        )
