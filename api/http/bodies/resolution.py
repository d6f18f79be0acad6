"""SOP 5.8: verify and resolve."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, not_in_future
from api.http.fields import (
    Code,
    Moment,
    ProblemNumber,
    Text,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.policy import Policy
from domain.values import Actor


class VerifyBody(Body):
    """Record what the customer said of the resolution."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"satisfactory": True, "able_to_work": True, "method": "phone"}]}
    )
    satisfactory: bool
    able_to_work: bool
    method: Code
    at: Moment | None = None
    outcome: ContactOutcome = ContactOutcome.REACHED
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
