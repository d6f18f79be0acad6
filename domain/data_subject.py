"""A data subject: somebody whom disclosures are about, and what was erased of him (audit.md, Personal data).

His own record is the authority: a disclosure that an event points to, and that the vault no longer has, is explained by a
later event ``*.personal_data_erased`` of the same subject whose scope covers its kind. Every stream that lost words has
such an event too, since what it reads as has changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import Opening, Recorded, Root, register
from domain.approval import Approval
from domain.catalogue import ListedCustomer
from domain.outgoing_mail import Message
from domain.problem import Problem
from domain.receipt import Receipt
from domain.values import Disclosure, ErasureScope, Provenance

OFFICE = ("help_desk", "services", "teams", "help-desks", "scripts", "sources", "access", "problem", "erasure")
"""Disclosures under `<one of these>:<name>`, or under `policy`, are the office's own words, and nobody's."""


def subject_id(subject: str) -> UUID:
    """The stream of a subject: it follows from his id."""
    return uuid5(NAMESPACE_URL, f"caseledger:subject:{subject}")


class DataSubject(Root):
    """What was erased of somebody, how often and by whose approval."""

    TOPIC: ClassVar[str] = "subject"

    subject: str

    def begin(self) -> None:
        self.erasures = 0
        self.erased_at: datetime | None = None

    @classmethod
    def of(cls, subject: str, provenance: Provenance) -> Self:
        """Start somebody's record; nothing is erased yet."""
        return cls.open(SubjectOpened, subject_id(subject), provenance, subject=subject)

    def erase(
        self, scope: ErasureScope, approved_by: str, disclosures: int, reason: Disclosure, provenance: Provenance
    ) -> None:
        """Record that so many disclosures of him are erased."""
        self.record(
            SubjectErased,
            provenance,
            subject=self.subject,
            scope=scope,
            approved_by=approved_by,
            disclosures=disclosures,
            erased_at=provenance.at,
            reason=reason,
        )


class SubjectOpened(Opening):
    TOPIC = "subject.opened"
    subject: str

    def _fold(self, subject: DataSubject) -> None:
        subject.subject = subject.number = self.subject


class SubjectErased(Recorded):
    TOPIC = "subject.personal_data_erased"
    subject: str
    scope: ErasureScope
    approved_by: str
    disclosures: int
    erased_at: datetime

    def _fold(self, subject: DataSubject) -> None:
        subject.erasures, subject.erased_at = subject.erasures + 1, self.erased_at


class _Erased(Recorded):
    """What was said of somebody here is gone from the vault; the record stays as it is."""

    subject: str
    scope: ErasureScope

    def _fold(self, root: Any) -> None:
        """Only the words are gone that the record points to."""


class ProblemErased(_Erased):
    TOPIC = "problem.personal_data_erased"


class MessageErased(_Erased):
    TOPIC = "message.personal_data_erased"


class IntakeErased(_Erased):
    TOPIC = "intake.personal_data_erased"


class CustomerErased(_Erased):
    TOPIC = "customer.personal_data_erased"


class ApprovalErased(_Erased):
    TOPIC = "approval.personal_data_erased"


_BESIDE_CASES: dict[type[Root], type[Recorded]] = {
    Problem: ProblemErased,
    Message: MessageErased,
    Receipt: IntakeErased,
    ListedCustomer: CustomerErased,
    Approval: ApprovalErased,
}


def erase_beside(
    root: Root, subject: str, scope: ErasureScope, provenance: Provenance, *, reason: Disclosure | None = None
) -> None:
    """Record on what is no case that what was said of somebody there is erased. Raises KeyError for what keeps no such."""
    root.record(_BESIDE_CASES[type(root)], provenance, subject=subject, scope=scope, reason=reason)


EVENTS = {
    **register((SubjectOpened, SubjectErased), DataSubject),
    **{topic: event for root, event in _BESIDE_CASES.items() for topic, event in register((event,), root).items()},
}
