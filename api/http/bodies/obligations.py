"""SOP 5.9: discharge an obligation."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, not_in_future
from api.http.fields import (
    Code,
    Moment,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.policy import Policy
from domain.values import Actor


class DischargeBody(Body):
    """Say that something owed was done, or that informing the customer was tried."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"obligation": "inform_customer", "method": "phone", "outcome": "informed"}]}
    )
    obligation: Code
    method: Code
    at: Moment | None = None
    outcome: Literal["informed", "failed"] = "informed"
    note: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.at, now, "/at")
        policy.contact_method(self.method)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        informed = self.outcome == "informed"
        return desk.discharge(number, self.obligation, self.method, self.at, informed, self.note, request)
