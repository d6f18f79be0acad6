"""Legal holds and erasure (R-5.9f): the administrator requests them, and an auditor approves (`api/http/routes/approvals.py`)."""

from __future__ import annotations

from pydantic import ConfigDict

from api.http.bodies.base import ReasonBody
from api.http.fields import (
    Code,
)
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.values import ErasureScope


class HoldBody(ReasonBody):
    """Request a legal hold. An auditor approves it; from then on nothing that was said in the case is erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "litigation 2026-17"}]})

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.request_hold(number, self.reason, request)


class ReleaseHoldBody(ReasonBody):
    """Request the release of a legal hold, which an auditor approves."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.request_release(number, self.reason, request)


class ErasureBody(ReasonBody):
    """Request an erasure. An auditor approves it, and `caseledger erase` carries it out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject": "jo.field@agency.example", "reason": "they asked for it"}]}
    )
    subject: Code
    scope: ErasureScope = ErasureScope.CONTACT_AND_WORDS
