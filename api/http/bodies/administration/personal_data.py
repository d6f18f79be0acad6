"""Legal holds and erasure (R-5.9f): the administrator requests them, and an auditor approves (`api/http/routes/approvals.py`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody
from api.http.fields import Code, such_as
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.values import ErasureScope


class HoldBody(ReasonBody):
    """Request a legal hold on a case.

    An auditor approves it. From then on nothing in the case is erased, until the hold is released.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "litigation 2026-17"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.approvals.request_hold(number, self.reason, request)


class ReleaseHoldBody(ReasonBody):
    """Request the release of a legal hold.

    An auditor approves it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "litigation 2026-17 is over"}]})

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return await desk.approvals.request_release(number, self.reason, request)


class ErasureBody(ReasonBody):
    """Request the erasure of a person's data. An auditor approves it, and `caseledger erase` carries it out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject": "jo.field@agency.example", "reason": "they asked for it"}]}
    )
    subject: Annotated[Code, such_as("jo.field@agency.example")]
    """The person: their mail address, telephone number or customer id."""
    scope: Annotated[ErasureScope, such_as("contact-and-words")] = ErasureScope.CONTACT_AND_WORDS
    """How much is erased. `contact-and-words` keeps what staff wrote."""


class ApproveBody(Body):
    """Approve a request.

    Not one's own (R-7.1). A legal hold is placed, or released, at once.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class RefuseBody(ReasonBody):
    """Refuse a request, or take back an approval.

    An approval can be taken back until it is used.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the case is under litigation"}]})


class WithdrawBody(MaybeReasonBody):
    """Withdraw a request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "they changed their mind"}]})
