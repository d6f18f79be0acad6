"""SOP 5.9: close a resolved case."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from api.http.bodies.base import MaybeReasonBody, Words, not_in_future
from api.http.fields import ContactMethod, Moment, PersonName
from application.desk import Desk
from application.execution.requests import Committed, Request
from domain.case.clauses.closure import Confirmation
from domain.policy import Policy
from domain.values import Actor


class ConfirmationBody(Words):
    """The customer's confirmation that the case can be closed."""

    method: ContactMethod
    """How they confirmed: one of the policy's `contact_methods`."""
    by: PersonName
    """Who confirmed."""
    at: Moment
    """When. After the resolution, and not in the future."""


class CloseBody(MaybeReasonBody):
    """Close a resolved case with the customer's confirmation.

    Without a confirmation the case closes by itself at the end of its dispute window (R-5.5d, R-5.9d). Customers who
    close their own case confirm by doing so. A duty manager closes, with a reason, a case whose customer could not be
    informed (R-5.9g).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"confirmation": {"method": "phone", "by": "Jo Field", "at": "2026-11-23T15:00:00Z"}}]
        }
    )
    confirmation: ConfirmationBody | None = None
    """The customer's confirmation. Needed from staff."""

    def check(self, actor: Actor, now: datetime, policy: Policy) -> None:
        if self.confirmation is not None:
            not_in_future(self.confirmation.at, now, "/confirmation/at")
            policy.contact_method(self.confirmation.method, "/confirmation/method")

    async def run(self, desk: Desk, number: str, request: Request) -> Committed:
        said = self.confirmation
        confirmation = Confirmation(said.method, said.at) if said else None
        return await desk.closure.close(number, confirmation, said.by if said else None, request)
