"""SOP 5.8-5.9: verify, resolve, dispute, reopen, close."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody, Words, not_in_future
from api.http.fields import Code, Line, Moment, ProblemNumber, Text
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.closure import Confirmation
from domain.case.resolution import Outcome, Verification
from domain.case.state import CauseCorrected, Resolution, ResolutionCode
from domain.policy import Policy
from domain.values import Actor, Channel


class VerifyBody(Body):
    """Record what the customer said of the resolution."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"satisfactory": True, "able_to_work": True, "method": "phone"}]}
    )
    satisfactory: bool
    able_to_work: bool
    method: Code
    at: Moment | None = None
    outcome: Outcome = Outcome.REACHED
    reason: Text | None = None

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.at, now, "/at")
        policy.contact_method(self.method)

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        at: datetime = self.at or desk.clock.now()
        verification = Verification(self.satisfactory, self.able_to_work, self.method, at, self.outcome)
        return desk.verify(number, verification, self.reason, request)


class ResolveBody(Body):
    """Resolve a case."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "fixed", "solution": "spooler restarted", "workaround": False, "cause_corrected": "yes"}
            ]
        }
    )
    code: Literal["fixed", "workaround", "averted", "reclassified_request", "not_reproducible"]
    solution: Text
    workaround: bool
    cause_corrected: Literal["yes", "no", "unknown"]
    problem: ProblemNumber | None = None
    reason: Text | None = None

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        resolution = Resolution(
            ResolutionCode(self.code), self.workaround, CauseCorrected(self.cause_corrected), self.problem
        )
        return desk.resolve(number, resolution, self.solution, self.reason, request)


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
