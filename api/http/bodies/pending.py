"""SOP 5.8: pend and resume."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.http.bodies.base import Body, MaybeReasonBody
from api.http.fields import Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.terms import PendingReason
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor

_ONLY_TO_THE_CUSTOMER: JsonDict = {
    "if": {"required": ["question"], "properties": {"question": {"type": "string"}}},
    "then": {"properties": {"reason_code": {"const": "customer"}}},
}


class PendBody(Body):
    """Mark a case as pending.

    The clock stands still for the reasons that the policy's `pausing` lists. A `question` is mailed to the customer.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason_code": "customer", "question": "Does the lamp on the printer blink?"}],
            **_ONLY_TO_THE_CUSTOMER,
        }
    )
    reason_code: Annotated[PendingReason, such_as("customer")]
    """What the case waits for."""
    note: Annotated[Text, such_as("asked for the model number")] | None = None
    """What exactly is awaited. For staff."""
    question: Annotated[Text, such_as("Does the lamp on the printer blink?")] | None = None
    """A question that is mailed to the customer. Only with the reason code `customer`."""
    reason: Annotated[Text, such_as("nothing can be done before they answer")] | None = None
    """Why. Kept with the event."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        if self.question is not None and self.reason_code is not PendingReason.CUSTOMER:
            raise Invalid("a question is mailed to the customer: it needs the reason code customer", "/question")

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.pending.pend(number, self.reason_code, self.note, request, question=self.question)


class ResumeBody(MaybeReasonBody):
    """Resume a pending case.

    The clock runs on, and `resolve_by` moves by the time that it stood still (R-5.4c).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the vendor delivered the part"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.pending.resume(number, request)
