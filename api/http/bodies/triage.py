"""SOP 5.3: triage and refer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, Words, not_in_future
from api.http.fields import Code, ContactMethod, Moment, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.notification import ContactAttempt
from domain.policy import Policy
from domain.values import Actor


class TriageBody(Body):
    """Triage a case: it is for this desk.

    A case for another agency's help desk is referred instead (`refer`).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "desk"}]})
    owner: Annotated[Literal["desk"], such_as("desk")]
    """Who owns the case: always this desk."""
    reason: Annotated[Text, such_as("printing is a service of ours")] | None = None
    """Why. Kept with the event."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.triage.triage(number, self.owner, request)


class ReferralContact(Words):
    """How the customer was told of a referral."""

    method: ContactMethod
    """How the customer was contacted: one of the policy's `contact_methods`."""
    outcome: Annotated[Literal["informed", "failed"], such_as("informed")]
    """Whether they were reached. After `failed` the desk owes them another attempt."""
    at: Moment | None = None
    """When. Not in the future; now, unless given."""


class ReferBody(MaybeReasonBody):
    """Refer a case to another agency's help desk.

    The case is resolved with the code `referred`, and the customer is told whom to turn to (R-5.3b, R-5.3c).
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"help_desk": "dhs", "contact": {"method": "phone", "outcome": "informed"}}]}
    )
    help_desk: Annotated[Code, such_as("dhs")]
    """The id of the help desk, as `GET /help-desks` lists it."""
    contact: ReferralContact
    """How the customer was told."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.contact.at, now, "/contact/at")
        policy.contact_method(self.contact.method, "/contact/method")

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        at = self.contact.at or desk.clock.now()
        contact = ContactAttempt(self.contact.method, at, self.contact.outcome == "informed")
        return await desk.triage.refer(number, self.help_desk, contact, request)
