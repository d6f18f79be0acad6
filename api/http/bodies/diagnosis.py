"""SOP 5.5: diagnose, and search the known errors."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from api.http.bodies.base import Body, MaybeReasonBody, Words
from api.http.fields import (
    Code,
    Line,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request


class StepBody(Words):
    step: Code
    answer: Text


class DiagnoseBody(Body):
    """Record a diagnosis."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"symptoms": "jobs stay queued", "findings": "spooler stopped"}]}
    )
    symptoms: Text
    findings: Text
    script: Code | None = None
    steps: list[StepBody] | None = None
    outcome: Text | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        words = {
            "symptoms": self.symptoms,
            "findings": self.findings,
            "steps": [step.model_dump() for step in self.steps] if self.steps else None,
            "outcome": self.outcome,
        }
        taken = tuple(step.step for step in self.steps or ())
        return desk.diagnose(number, words, self.script, taken, self.reason, request)


class KnownErrorsBody(MaybeReasonBody):
    """Record a look at the known errors."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": "queue stuck", "shown": ["KE-0000001"], "chosen": "KE-0000001", "applied": True}]
        }
    )
    query: Line
    shown: list[Code] = Field(max_length=200)
    chosen: Code | None = None
    applied: bool

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.known_errors_searched(
            number, self.query, tuple(self.shown), self.chosen, self.applied, self.reason, request
        )
