"""SOP 5.9: close a resolved case."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from api.http.bodies.base import Body, Words, not_in_future
from api.http.fields import (
    Code,
    Line,
    Moment,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.closure import Confirmation
from domain.policy import Policy
from domain.values import Actor


class ConfirmationBody(Words):
    method: Code
    by: Line
    at: Moment


class CloseBody(Body):
    """Close a resolved case with the customer's word."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"confirmation": {"method": "phone", "by": "Jo Field", "at": "2026-11-23T15:00:00Z"}}]
        }
    )
    confirmation: ConfirmationBody | None = None
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        if self.confirmation is not None:
            not_in_future(self.confirmation.at, now, "/confirmation/at")
            policy.contact_method(self.confirmation.method, "/confirmation/method")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        said = self.confirmation
        confirmation = Confirmation(said.method, said.at) if said else None
        return desk.close_case(number, confirmation, said.by if said else None, self.reason, request)
