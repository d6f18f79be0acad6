"""What the desk owes somebody, each with a due time: it stands in a queue until it is discharged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.values import Role


class ObligationKind(StrEnum):
    """The kinds of debt that the SOP makes."""

    INFORM_CUSTOMER = "inform_customer"
    """By other means than the mail that failed, or of the other desk (R-5.3c, R-5.9g)."""
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
    """Of whoever holds the case: the customer has written while it waited for them (5.8)."""
    ASK_CUSTOMER = "ask_customer"
    """By other means than the mail with the question, which failed."""
    DECIDE_UNINFORMED = "decide_uninformed"
    """Of the duty manager, once the customer could not be informed often enough (R-5.9g)."""


@dataclass(frozen=True)
class Obligation:
    """One debt: what, till when, and whose. ``about`` tells two of one kind on one case apart."""

    kind: ObligationKind
    due_at: datetime
    role: Role = Role.TECHNICIAN
    team: str | None = None
    about: str = ""

    @property
    def key(self) -> str:
        """What it is called on its case."""
        return f"{self.kind}:{self.about}" if self.about else str(self.kind)
