"""SOP 5.4: assess impact and severity."""

from __future__ import annotations

from pydantic import ConfigDict

from api.http.bodies.base import Body, Words
from api.http.fields import (
    LevelNumber,
    PriorityNumber,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.priority import Assessment
from domain.values import Level


class Override(Words):
    priority: PriorityNumber
    reason: Text


class PrioritizeBody(Body):
    """Assess impact and severity."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"impact": 2, "severity": 2}]})
    impact: LevelNumber
    severity: LevelNumber
    override: Override | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        override = self.override
        assessment = Assessment(Level(self.impact), Level(self.severity), override.priority if override else None)
        reason = "; ".join(said for said in (override and override.reason, self.reason) if said) or None
        return desk.prioritize(number, assessment, reason, request)
