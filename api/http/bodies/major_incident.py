"""SOP 5.7: major incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from api.http.bodies.base import MaybeReasonBody, ReasonBody
from api.http.fields import CaseNumber, Line, Minutes, PersonId, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request

Cases = Annotated[list[CaseNumber], Field(max_length=1000), such_as(["INC-0000002"])]


class NominateMajorBody(ReasonBody):
    """Nominate a case as a major incident.

    The team that holds the case owes an answer, else the desk does, within the policy's `nomination_answer` (R-5.7b).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "nobody on floor 2 can print"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.major_incidents.nominate(number, self.reason, request)


class DeclareMajorBody(MaybeReasonBody):
    """Declare a major incident.

    From then on the desk owes messages at the given interval, information of the management, and a review
    (R-5.7b, R-5.7c).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"owner": "t.lee", "communication_every_minutes": 30, "management_contact": "cio office"}]
        }
    )
    owner: PersonId
    """Who leads it."""
    communication_every_minutes: Minutes
    """Minutes between two messages to those affected: 1 to 1440."""
    management_contact: Annotated[Line, such_as("cio office")]
    """Whom in the management to inform."""
    cases: Cases = Field(default=[])
    """Cases that belong to it."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        every = timedelta(minutes=self.communication_every_minutes)
        return await desk.major_incidents.declare(
            number, self.owner, every, self.management_contact, tuple(self.cases), request
        )


class RejectMajorBody(ReasonBody):
    """Reject a nomination as a major incident."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "one printer, not the service"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.major_incidents.reject(number, self.reason, request)


class FanOutBody(MaybeReasonBody):
    """Resolve linked cases as this one was resolved.

    `fan_out` in the answer says for each case whether it was resolved, or why not. If none can follow, the command is
    refused (R-5.7d).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"cases": ["INC-0000002"]}]})
    cases: Cases = Field(default=[])
    """The linked cases to resolve. All that are open, unless given."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.major_incidents.fan_out(number, tuple(dict.fromkeys(self.cases)), request)
