"""SOP 5.3: triage and refer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, Words, not_in_future
from api.http.fields import (
    Code,
    Moment,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.notification import ContactAttempt
from domain.policy import Policy
from domain.values import Actor


class TriageBody(Body):
    """Decide that the case is ours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "desk"}]})
    owner: Literal["desk"]
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.triage(number, self.owner, self.reason, request)


class ReferralContact(Words):
    method: Code
    outcome: Literal["informed", "failed"]
    at: Moment | None = None


class ReferBody(MaybeReasonBody):
    """Refer the case to another agency's help desk."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}]}
    )
    help_desk: Code
    contact: ReferralContact

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.contact.at, now, "/contact/at")
        policy.contact_method(self.contact.method, "/contact/method")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        at = self.contact.at or desk.clock.now()
        contact = ContactAttempt(self.contact.method, at, self.contact.outcome == "informed")
        return desk.refer(number, self.help_desk, contact, self.reason, request)
