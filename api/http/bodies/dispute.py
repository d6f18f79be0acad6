"""SOP 5.9: dispute, decide on a suspected dispute, reopen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, not_in_future
from api.http.fields import Moment, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.policy import Policy
from domain.values import Actor, Channel

Received = Annotated[Channel, such_as("phone")]


class DisputeBody(Body):
    """Dispute a resolution.

    A dispute that was received before `dispute_until` reopens the case, even a closed one. A later one is refused: log a
    follow-up instead (R-5.9c, R-5.9f).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it still does not print"}]})
    reason: Annotated[Text, such_as("it still does not print")]
    """What is not right, in the customer's words."""
    received_at: Moment | None = None
    """When the dispute reached the desk: this time is compared with the window. Not in the future; now, unless given."""
    channel: Received | None = None
    """How the dispute reached the desk."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.received_at, now, "/received_at")

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.disputes.dispute(number, self.reason, self.received_at, self.channel, request)


class SuspectDisputeBody(Body):
    """Suspend the automatic closure for a message that may be a dispute.

    A technician owes a decision within the policy's `decide_dispute`: `uphold-dispute` or `dismiss-dispute` (R-5.9c).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Thanks, but what about the other printer?"}]})
    text: Annotated[Text, such_as("Thanks, but what about the other printer?")]
    """The message."""
    received_at: Moment | None = None
    """When the message reached the desk. Not in the future; now, unless given."""
    channel: Received | None = None
    """How the message reached the desk."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.received_at, now, "/received_at")

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.disputes.suspect(number, self.text, self.received_at, self.channel, request)


class UpholdDisputeBody(MaybeReasonBody):
    """Decide that a suspected dispute is one: reopen the case."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the other printer was reported too"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.disputes.uphold(number, request)


class DismissDisputeBody(ReasonBody):
    """Decide that a suspected dispute is none: the dispute window runs on.

    `dispute_until` moves by the time that the decision took (R-5.9c).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "a word of thanks"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.disputes.dismiss(number, self.reason, request)


class ReopenBody(ReasonBody):
    """Reopen a resolved case.

    For staff who see that the resolution does not hold. Customers dispute it instead.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it happened again"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.disputes.reopen(number, self.reason, request)
