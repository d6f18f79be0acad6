"""SOP 5.8: pend and resume."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from api.http.bodies.base import Body
from api.http.fields import (
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.terms import PendingReason
from domain.errors import Invalid
from domain.policy import Policy
from domain.values import Actor


class PendBody(Body):
    """Mark a case as waiting, for the customer with a question that is mailed to them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason_code": "customer", "question": "Does the lamp on the printer blink?"}]}
    )
    reason_code: PendingReason
    note: Text | None = None
    question: Text | None = None
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        if self.question is not None and self.reason_code is not PendingReason.CUSTOMER:
            raise Invalid("a question is mailed to the customer: it needs the reason code customer", "/question")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.pend(number, self.reason_code, self.note, self.reason, request, question=self.question)


class ResumeBody(Body):
    """Take the mark off."""

    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.resume(number, self.reason, request)
