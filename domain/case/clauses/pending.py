"""The mark on a case that waits for somebody. It is no status, but the clock may stand still under it (R-5.4c)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.aggregate import Recorded
from domain.case.obligations import owed_by_holder
from domain.case.state import CaseState
from domain.case.status import WORKED
from domain.case.targets import end_of_wait, paused_since
from domain.case.terms import MailedQuestion, PendingMark, PendingReason, received_after
from domain.errors import Invalid, InvalidTransition
from domain.obligation import Obligation, ObligationKind
from domain.policy import Policy
from domain.values import Actor, Disclosure, Provenance, Role

ANSWERS = Actor("system:answer", Role.SYSTEM)
"""The actor that takes the mark off when the customer has answered."""


class Pended(Recorded):
    """The case waits."""

    TOPIC = "case.pended"
    SETTLES = (ObligationKind.READ_ANSWER, ObligationKind.ASK_CUSTOMER)
    reason_code: PendingReason
    since: datetime
    note: Disclosure | None = None
    paused_since: datetime | None = None
    """Start of the pause under the wait that this one replaces, in imported history only."""
    paused: bool | None = None
    """Whether the clock stood still under that wait; None where none is replaced, and before 0.5.0."""
    question: Disclosure | None = None
    """The question mailed to the customer."""

    def _fold(self, case: CaseState) -> None:
        case.paused(self.paused_since, self.since)
        case.pending = PendingMark(self.reason_code, self.since)
        case.asked = None if self.question is None else MailedQuestion(self.question, self.originator_version)
        if self.question is not None:
            case.contacted(self.since)


class Resumed(Recorded):
    """The case waits no longer."""

    TOPIC = "case.resumed"
    SETTLES = (ObligationKind.ASK_CUSTOMER,)
    paused_since: datetime | None = None
    """Start of the pause that ends here, where the clock stood still."""
    paused: bool | None = None
    """Whether it stood still (`targets.py`); None before 0.5.0, where reports count a wait for the customer."""
    resolve_by: datetime | None = None
    answer: int | None = None
    """The version that brought the customer's answer, where that took the mark off."""
    owed: tuple[Obligation, ...] = ()
    resolve_warning_at: datetime | None = None

    def _fold(self, case: CaseState) -> None:
        case.pending = None
        case.paused(self.paused_since, self.timestamp, self.resolve_by, self.resolve_warning_at)


class QuestionFailed(Recorded):
    """No mail will bring the question to the customer. The case waits on, and its holder decides."""

    TOPIC = "case.question_failed"
    cause: str
    message: str
    asked: int
    owed: tuple[Obligation, ...] = ()


class Pending(CaseState):
    """What the case waits for."""

    @property
    def awaits_customer(self) -> bool:
        """Whether it waits for the customer."""
        return self.pending is not None and self.pending.reason is PendingReason.CUSTOMER

    @property
    def question(self) -> MailedQuestion | None:
        """The mailed question that it waits with."""
        return None if self.pending is None else self.asked

    def pend(
        self,
        waiting_for: PendingReason,
        provenance: Provenance,
        *,
        note: Disclosure | None = None,
        question: Disclosure | None = None,
        reason: Disclosure | None = None,
    ) -> None:
        """Mark the case as waiting. ``question`` is mailed to the customer.

        Raises InvalidTransition, also where it waits already, and Invalid for a question to anybody else.
        """
        self.allow("pend", provenance)
        if self.pending is not None:
            raise InvalidTransition("This case is pending already.")
        if question is not None and waiting_for is not PendingReason.CUSTOMER:
            raise Invalid("A question is mailed to the customer. It needs the reason code customer.", "/question")
        said = {"note": note, "question": question, "reason": reason}
        self.record(Pended, provenance, reason_code=waiting_for, since=provenance.at, **said)

    def resume(self, policy: Policy, provenance: Provenance, *, reason: Disclosure | None = None) -> None:
        """Take the mark off. A pause moves the target (R-5.4c). Raises InvalidTransition where the case does not wait."""
        self.allow("resume", provenance)
        if self.pending is None:
            raise InvalidTransition("This case is not pending.")
        self._resume(policy, provenance, reason=reason)

    def awaits_answer_of(self, received_at: datetime) -> bool:
        """Whether the customer's words received then can be the answer: the case was pended before."""
        waits = self.awaits_customer and self.status in WORKED
        return waits and self.pending is not None and received_after(received_at, self.pending.since)

    def answered(self, answer: int, policy: Policy, provenance: Provenance) -> None:
        """Take the mark off for the customer's answer in version ``answer``. Whoever holds the case owes it a reading."""
        owed = owed_by_holder(self, ObligationKind.READ_ANSWER, provenance.at + policy.read_answer)
        self._resume(policy, replace(provenance, by=ANSWERS), answer=answer, owed=owed)

    def question_failed(self, cause: str, message: str, asked: int, policy: Policy, provenance: Provenance) -> None:
        """Record that the question bounced, or its recipient was erased. The holder owes it by other means."""
        owed = owed_by_holder(self, ObligationKind.ASK_CUSTOMER, provenance.at + policy.read_answer)
        self.record(QuestionFailed, provenance, cause=cause, message=message, asked=asked, owed=owed)

    def _resume(self, policy: Policy, provenance: Provenance, **how: Any) -> None:
        wait = end_of_wait(self, policy, provenance.at)
        self.record(Resumed, provenance, **wait, paused_since=paused_since(self, policy), **how)


EVENTS = (Pended, Resumed, QuestionFailed)
