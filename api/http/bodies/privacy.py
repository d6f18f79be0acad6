"""Legal holds (R-5.9f): the administrator's, with an auditor's approval."""

from __future__ import annotations

from pydantic import ConfigDict

from api.http.bodies.base import ReasonBody
from api.http.fields import Code
from application.desk import Desk
from application.requests import Committed, Request


class _ApprovedBody(ReasonBody):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "litigation 2026-17", "approved_by": "r.audit"}]}
    )
    approved_by: Code


class HoldBody(_ApprovedBody):
    """Place a legal hold: nothing that was said in the case is erased."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.hold(number, self.approved_by, self.reason, request)


class ReleaseHoldBody(_ApprovedBody):
    """Release a legal hold."""

    def run(self, desk: Desk, number: str, request: Request) -> Committed:
        return desk.release_hold(number, self.approved_by, self.reason, request)
