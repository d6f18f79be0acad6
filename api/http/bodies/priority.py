"""SOP 5.4: assess impact and severity."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict

from api.http.bodies.base import Body, Words
from api.http.fields import LevelNumber, PriorityNumber, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.priority import Assessment
from domain.values import Level


class Override(Words):
    """A priority other than the one of the matrix."""

    priority: PriorityNumber
    """The priority, 1 (most urgent) to 4."""
    reason: Annotated[Text, such_as("the governor's office is waiting")]
    """Why the matrix does not fit. Kept with the event (R-5.4b)."""


class PrioritizeBody(Body):
    """Prioritize a case by impact and severity.

    The policy's matrix gives the priority, and the priority gives the targets `respond_by` and `resolve_by`
    (R-5.4a, R-5.4c).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"impact": 2, "severity": 2}]})
    impact: LevelNumber
    """How many are affected: 1 (high) to 3 (low)."""
    severity: LevelNumber
    """How badly: 1 (high) to 3 (low)."""
    override: Override | None = None
    """A priority that takes the place of the matrix's."""
    reason: Annotated[Text, such_as("the whole floor prints there")] | None = None
    """Why. Kept with the event."""

    @property
    def why(self) -> str | None:
        reasons = (self.override and self.override.reason, self.reason)
        return "; ".join(reason for reason in reasons if reason) or None

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        override = self.override
        assessment = Assessment(Level(self.impact), Level(self.severity), override.priority if override else None)
        return await desk.diagnosis.prioritize(number, assessment, request)
