"""What the desk owes somebody by a due time. An obligation stands in a queue until an event ends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.values import Role


class ObligationKind(StrEnum):
    """The kinds of obligation that the SOP makes."""

    INFORM_CUSTOMER = "inform_customer"
    """By other means than the mail that failed, or of another agency's desk (R-5.3c, R-5.9g)."""
    ANSWER_CONSULTATION = "answer_consultation"
    """Of the technician of the first case (R-5.6b)."""
    ANSWER_NOMINATION = "answer_nomination"
    """Of the team that holds the case, else of the desk: is it a major incident? (R-5.7b)."""
    INFORM_MANAGEMENT = "inform_management"
    COMMUNICATE = "communicate"
    """The next message of a major incident's schedule (R-5.7c)."""
    REVIEW_MAJOR = "review_major"
    DECIDE_DISPUTE = "decide_dispute"
    """Of a technician: is that mail a dispute? (R-5.9c)."""
    READ_ANSWER = "read_answer"
    """Of whoever holds the case: the customer wrote while it waited for them (5.8)."""
    ASK_CUSTOMER = "ask_customer"
    """By other means than the mail with the question, which failed."""
    DECIDE_UNINFORMED = "decide_uninformed"
    """Of the duty manager, after too many failed attempts to inform the customer (R-5.9g)."""


UNINFORMED = (ObligationKind.INFORM_CUSTOMER, ObligationKind.DECIDE_UNINFORMED)
"""Obligations to a customer whom no mail about the resolution has reached."""
TO_CUSTOMERS = frozenset({ObligationKind.ASK_CUSTOMER, ObligationKind.COMMUNICATE})
"""Obligations that somebody discharges by a contact with the customer."""


@dataclass(frozen=True)
class Obligation:
    """One obligation: its kind, when it is due, and whose it is."""

    kind: ObligationKind
    due_at: datetime
    role: Role = Role.TECHNICIAN
    team: str | None = None
    about: str = ""
    """Tells two obligations of one kind on one case apart."""

    @property
    def key(self) -> str:
        """Its name on its case."""
        return f"{self.kind}:{self.about}" if self.about else str(self.kind)
