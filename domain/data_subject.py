"""A data subject: a person whom disclosures are about, and the erasures of their data (audit.md, Personal data).

Their own record is the authority. The vault may lack a disclosure that an event points to. Then a later event
``*.personal_data_erased`` of the same subject has a scope that covers its kind. Every stream that lost words has such an
event too, since it reads differently now.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import Opening, Recorded, Root, register
from domain.approval import Approval
from domain.catalogue import ListedCustomer
from domain.outgoing_mail import Message
from domain.problem import Problem
from domain.receipt import Receipt
from domain.values import Disclosure, ErasureScope, Provenance

OFFICE = (
    "help_desk",
    "services",
    "teams",
    "help-desks",
    "scripts",
    "sources",
    "webhooks",
    "access",
    "problem",
    "erasure",
)
"""Disclosures under `<one of these>:<name>`, or under `policy`, are the organisation's own words, and about nobody."""


def subject_id(subject: str) -> UUID:
    """The stream of a data subject, by their id."""
    return uuid5(NAMESPACE_URL, f"caseledger:subject:{subject}")


class DataSubject(Root):
    """The erasures of one person's data."""

    TOPIC: ClassVar[str] = "subject"

    subject: str

    def begin(self) -> None:
        """Start without an erasure."""
        self.erasures = 0
        self.erased_at: datetime | None = None

    @classmethod
    def of(cls, subject: str, provenance: Provenance) -> Self:
        """Open a person's record, with no erasure in it."""
        return cls.open(SubjectOpened, subject_id(subject), provenance, subject=subject)

    def erase(
        self, scope: ErasureScope, approved_by: str, disclosures: int, reason: Disclosure, provenance: Provenance
    ) -> None:
        """Record an erasure; ``disclosures`` is their number."""
        told = {"scope": scope, "approved_by": approved_by, "disclosures": disclosures, "erased_at": provenance.at}
        self.record(SubjectErased, provenance, subject=self.subject, **told, reason=reason)


class SubjectOpened(Opening):
    """A person's record was opened."""

    TOPIC = "subject.opened"
    subject: str

    def _fold(self, subject: DataSubject) -> None:
        subject.subject = subject.number = self.subject


class SubjectErased(Recorded):
    """Disclosures about a person were erased."""

    TOPIC = "subject.personal_data_erased"
    subject: str
    scope: ErasureScope
    approved_by: str
    disclosures: int
    erased_at: datetime

    def _fold(self, subject: DataSubject) -> None:
        subject.erasures, subject.erased_at = subject.erasures + 1, self.erased_at


class _Erased(Recorded):
    """Disclosures about a person here are gone from the vault. The record stays."""

    ERASES = True
    subject: str
    scope: ErasureScope


class ProblemErased(_Erased):
    """A problem lost disclosures about a person."""

    TOPIC = "problem.personal_data_erased"


class MessageErased(_Erased):
    """An outgoing mail lost disclosures about a person."""

    TOPIC = "message.personal_data_erased"


class IntakeErased(_Erased):
    """An incoming message lost disclosures about a person."""

    TOPIC = "intake.personal_data_erased"


class CustomerErased(_Erased):
    """A customer's entry lost disclosures about a person."""

    TOPIC = "customer.personal_data_erased"


class ApprovalErased(_Erased):
    """A request for a measure lost disclosures about a person."""

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
    """Record an erasure on an aggregate that is no case. Raises KeyError for one that holds no personal data."""
    root.record(_BESIDE_CASES[type(root)], provenance, subject=subject, scope=scope, reason=reason)


EVENTS = {
    **register((SubjectOpened, SubjectErased), DataSubject),
    **{topic: event for root, event in _BESIDE_CASES.items() for topic, event in register((event,), root).items()},
}
