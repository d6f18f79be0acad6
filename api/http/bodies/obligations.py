"""SOP 5.9: discharge an obligation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, not_in_future
from api.http.fields import Code, ContactMethod, Moment, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.policy import Policy
from domain.values import Actor


class DischargeBody(Body):
    """Discharge an obligation.

    It records that something the desk owed was done, or that informing the customer was tried
    (R-5.3c, R-5.7c, R-5.9g).
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"obligation": "inform_customer", "method": "phone", "outcome": "informed"}]}
    )
    obligation: Annotated[Code, such_as("inform_customer")]
    """The key of the obligation, as `obligations` of the case lists it."""
    method: ContactMethod
    """How it was done: one of the policy's `contact_methods`."""
    at: Moment | None = None
    """When. Not in the future, nor before the policy's `backdating_limit`; now, unless given."""
    outcome: Annotated[Literal["informed", "failed"], such_as("informed")] = "informed"
    """Whether the person was reached. Only `inform_customer` can fail."""
    note: Annotated[Text, such_as("told them of the dispute window")] | None = None
    """What was said."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.at, now, "/at")
        policy.contact_method(self.method)

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        informed = self.outcome == "informed"
        return await desk.obligations.discharge(
            number, self.obligation, self.method, self.at, informed, self.note, request
        )
