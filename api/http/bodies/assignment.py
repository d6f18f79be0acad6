"""SOP 5.7: assign to a service team, accept, hand back."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict

from api.http.bodies.base import Body, ReasonBody
from api.http.fields import PersonId, TeamId, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request


class AssignBody(Body):
    """Assign a case to a service team.

    The case needs a priority, a service, symptoms or a diagnosis, and a decision on each likely duplicate
    (R-4.1b, R-5.5c, R-5.6b, R-5.7a).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"team": "network", "diagnosis": "print server down"}]})
    team: TeamId
    """The id of the team, as `GET /teams` lists it."""
    technician: PersonId | None = None
    """A member of that team who takes it at once."""
    diagnosis: Annotated[Text, such_as("print server down")] | None = None
    """What the desk found so far, for the team."""
    reason: Annotated[Text, such_as("beyond what the desk can do")] | None = None
    """Why. Kept with the event."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.assignment.assign(number, self.team, self.technician, self.diagnosis, request)


class AcceptBody(Body):
    """Accept a case of one's team.

    The caller becomes its `technician`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.assignment.accept(number, request)


class HandBackBody(ReasonBody):
    """Hand a case back to the desk.

    The desk assigns it anew, or resolves it. Hand-backs are counted (R-5.7a).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the server is fine; it is the printer"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.assignment.hand_back(number, self.reason, request)
