"""SOP 5.8: verify and resolve."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict

from api.http.bodies.base import Body, not_in_future
from api.http.fields import ContactMethod, Moment, ProblemNumber, Text, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.resolution import ContactOutcome, Verification
from domain.case.terms import CauseCorrected, Resolution, ResolutionCode
from domain.policy import Policy
from domain.values import Actor


class VerifyBody(Body):
    """Record the customer's verification of a fix.

    A service team resolves only after the customer has verified, or after enough attempts to reach them. A negative
    answer returns the case to work and counts as a failed fix (R-5.8a, R-5.8b, R-5.8c).
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"satisfactory": True, "able_to_work": True, "method": "phone"}]}
    )
    satisfactory: Annotated[bool, such_as(True)]
    """Whether the customer is satisfied."""
    able_to_work: Annotated[bool, such_as(True)]
    """Whether the customer can work again."""
    method: ContactMethod
    """How the customer was contacted: one of the policy's `contact_methods`."""
    at: Moment | None = None
    """When. Not in the future; now, unless given."""
    outcome: Annotated[ContactOutcome, such_as("reached")] = ContactOutcome.REACHED
    """Whether the customer was reached. An attempt that failed counts as one of the policy's
    `verification_attempts`."""
    reason: Annotated[Text, such_as("called back as agreed")] | None = None
    """Why. Kept with the event."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        not_in_future(self.at, now, "/at")
        policy.contact_method(self.method)

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        verification = Verification(self.satisfactory, self.able_to_work, self.method, self.at, self.outcome)
        return await desk.resolution.verify(number, verification, request)


class ResolveBody(Body):
    """Resolve a case.

    The case needs a service, a priority, a diagnosis, all required information and a decision on each likely duplicate.
    An assigned case also needs the customer's verification (R-5.8a). A fix or a workaround whose cause is not corrected
    needs a Problem Case (R-5.8.1a). The customer is notified; their dispute window starts when that mail is accepted
    (R-5.9d).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "fixed", "solution": "spooler restarted", "workaround": False, "cause_corrected": "yes"}
            ]
        }
    )
    code: Annotated[
        Literal["fixed", "workaround", "averted", "reclassified_request", "not_reproducible"], such_as("fixed")
    ]
    """How it was resolved. `averted` is for impending incidents only (R-5.8e)."""
    solution: Annotated[Text, such_as("spooler restarted")]
    """What was done, in words for the customer."""
    workaround: Annotated[bool, such_as(False)]
    """Whether this works around the cause."""
    cause_corrected: Annotated[Literal["yes", "no", "unknown"], such_as("yes")]
    """Whether the underlying cause is corrected."""
    problem: ProblemNumber | None = None
    """The Problem Case of the cause. Needed unless the cause is corrected."""
    reason: Annotated[Text, such_as("the customer confirmed by telephone")] | None = None
    """Why. Kept with the event."""

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        resolution = Resolution(
            ResolutionCode(self.code), self.workaround, CauseCorrected(self.cause_corrected), self.problem
        )
        return await desk.resolution.resolve(number, resolution, self.solution, request)
