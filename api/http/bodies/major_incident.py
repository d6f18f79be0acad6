"""SOP 5.7: major incidents."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from api.http.bodies.base import MaybeReasonBody, ReasonBody
from api.http.fields import (
    CaseNumber,
    Code,
    Line,
)
from application.desk import Desk
from application.execution.requests import Committed, Request


class NominateMajorBody(ReasonBody):
    """Ask the team whether this is a major incident."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.nominate_major(number, self.reason, request)


class DeclareMajorBody(MaybeReasonBody):
    """Declare a major incident."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"owner": "t.lee", "communication_every_minutes": 30, "management_contact": "cio office"}]
        }
    )
    owner: Code
    communication_every_minutes: Annotated[int, Field(ge=1, le=1440)]
    management_contact: Line
    cases: list[CaseNumber] = Field(default=[], max_length=1000)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        every = timedelta(minutes=self.communication_every_minutes)
        return desk.declare_major(
            number, self.owner, every, self.management_contact, tuple(self.cases), self.reason, request
        )


class RejectMajorBody(ReasonBody):
    """Answer a nomination with no."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.reject_major(number, self.reason, request)


class FanOutBody(MaybeReasonBody):
    """Let linked cases follow this one's resolution; all that are open when none is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cases": ["INC-0000002"]}]})
    cases: list[CaseNumber] = Field(default=[], max_length=1000)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.fan_out(number, tuple(dict.fromkeys(self.cases)), self.reason, request)
