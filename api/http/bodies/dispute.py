"""SOP 5.9: dispute, decide on a suspected dispute, reopen."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, not_in_future
from api.http.fields import (
    Moment,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.policy import Policy
from domain.values import Actor, Channel


class DisputeBody(Body):
    """Dispute the resolution."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it still does not print"}]})
    reason: Text
    received_at: Moment | None = None
    channel: Channel | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.received_at, now, "/received_at")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.dispute(number, self.reason, self.received_at, self.channel, request)


class SuspectDisputeBody(Body):
    """Hold the timer for a message that may be a dispute."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Thanks, but what about the other printer?"}]})
    text: Text
    received_at: Moment | None = None
    channel: Channel | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.received_at, now, "/received_at")

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.suspect_dispute(number, self.text, self.received_at, self.channel, request)


class UpholdDisputeBody(MaybeReasonBody):
    """It was a dispute: reopen the case."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.uphold_dispute(number, self.reason, request)


class DismissDisputeBody(ReasonBody):
    """It was none: the window runs on."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.dismiss_dispute(number, self.reason, request)


class ReopenBody(ReasonBody):
    """Reopen a resolved case."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.reopen(number, self.reason, request)
