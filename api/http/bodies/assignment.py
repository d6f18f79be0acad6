"""SOP 5.7: assign to a service team, accept, hand back."""

from __future__ import annotations

from pydantic import ConfigDict

from api.http.bodies.base import Body, ReasonBody
from api.http.fields import (
    Code,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request


class AssignBody(Body):
    """Assign to a service team."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"team": "network", "diagnosis": "print server down"}]})
    team: Code
    technician: Code | None = None
    diagnosis: Text | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.assign(number, self.team, self.technician, self.diagnosis, self.reason, request)


class AcceptBody(Body):
    """Take a case of one's team."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.accept(number, request)


class HandBackBody(ReasonBody):
    """Return a case to the desk."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.hand_back(number, self.reason, request)
