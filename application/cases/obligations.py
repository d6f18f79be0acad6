"""SOP 5.3, 5.7, 5.9: obligations of the desk, discharged or attempted."""

from __future__ import annotations

from datetime import datetime

from application.execution.attempt import Attempt
from application.execution.requests import Committed, Request
from application.execution.runner import CommandRunner
from domain.case import Case
from domain.case.clauses.notification import ContactAttempt
from domain.errors import Invalid
from domain.obligation import ObligationKind
from domain.values import Role

_BY_COMMAND = frozenset(
    {
        ObligationKind.ANSWER_CONSULTATION,
        ObligationKind.ANSWER_NOMINATION,
        ObligationKind.DECIDE_DISPUTE,
        ObligationKind.DECIDE_UNINFORMED,
    }
)
"""Obligations that have commands of their own."""


class Obligations:
    """The command that discharges an obligation."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def discharge(
        self,
        number: str,
        obligation: str,
        method: str,
        at: datetime | None,
        informed: bool,
        note: str | None,
        request: Request,
    ) -> Committed:
        """Record that an obligation was met, or an attempt to inform the customer (R-5.3c, R-5.7c, R-5.9g)."""

        def decide(case: Case, on: Attempt) -> None:
            when, contacted_by = at or on.at, on.policy.contact_method(method)
            if when > on.at:
                raise Invalid("The time lies in the future.", "/at")
            if request.actor.role is not Role.CUSTOMER and on.at - when > on.policy.backdating_limit:
                raise Invalid(f"The time lies more than {on.policy.backdating_limit} in the past.", "/at")
            if obligation == ObligationKind.INFORM_CUSTOMER:
                contact = ContactAttempt(contacted_by, when, informed)
                case.tell_by_other_means(contact, on.policy, on.provenance, reason=on.staff(case, reason=note))
            elif obligation.partition(":")[0] in _BY_COMMAND:
                raise Invalid(f"Another command discharges the obligation {obligation}.", "/obligation")
            else:
                case.discharge(obligation, contacted_by, when, on.provenance, words=on.staff(case, note=note))

        return await self._runner.on_case("discharge", number, request, decide)
