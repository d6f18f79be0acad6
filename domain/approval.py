"""Four eyes: an erasure or a legal hold is requested by one person, and approved by another, an auditor (audit.md, Personal data).

A measure on a case or a person has one stream, whose requests follow each other. Each request is approved, refused or
withdrawn. An approval that is not used in time expires with its request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.aggregate import Opening, Recorded, Root, register
from domain.errors import Forbidden, InvalidTransition
from domain.values import Actor, Disclosure, ErasureScope, Provenance, Role


class Measure(StrEnum):
    """What needs two people."""

    ERASE = "erase"
    HOLD = "hold"
    RELEASE_HOLD = "release-hold"


class ApprovalState(StrEnum):
    """What became of a request."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DONE = "done"
    EXPIRED = "expired"


OPEN = frozenset({ApprovalState.REQUESTED, ApprovalState.APPROVED})


@dataclass(frozen=True)
class ApprovalRequest:
    """The last request."""

    by: Actor
    since: datetime
    answer_by: datetime
    reason: Disclosure | None
    scope: ErasureScope | None = None
    """Of an erasure."""


def approval_id(measure: Measure, target: str) -> UUID:
    """The stream of a measure: it follows from what it is and what it is about."""
    return uuid5(NAMESPACE_URL, f"caseledger:approval:{measure}:{target}")


class Approval(Root):
    """A measure on one case or one person, from request to request. Its number reads ``hold:INC-0000123``."""

    TOPIC: ClassVar[str] = "approval"

    measure: Measure
    target: str
    """A case's number, or a data subject's id."""

    def begin(self) -> None:
        self.wanted: ApprovalRequest | None = None
        self.standing: ApprovalState | None = None
        self.approved_by: str | None = None

    @classmethod
    def of(cls, measure: Measure, target: str, provenance: Provenance) -> Self:
        """Start the record of a measure; nothing is requested yet."""
        return cls.open(ApprovalOpened, approval_id(measure, target), provenance, measure=measure, target=target)

    def standing_at(self, at: datetime) -> ApprovalState | None:
        """What became of the last request; None when there was none."""
        expired = self.wanted is not None and self.standing in OPEN and at >= self.wanted.answer_by
        return ApprovalState.EXPIRED if expired else self.standing

    def request(
        self, scope: ErasureScope | None, answer_by: datetime, reason: Disclosure | None, provenance: Provenance
    ) -> None:
        """Ask for the measure. Raises InvalidTransition while an earlier request is open."""
        if (standing := self.standing_at(provenance.at)) in OPEN:
            raise InvalidTransition("be requested again", str(standing), "request")
        self.record(ApprovalRequested, provenance, since=provenance.at, scope=scope, answer_by=answer_by, reason=reason)

    def approve(self, provenance: Provenance) -> None:
        """Approve the request as an auditor. Raises Forbidden for whoever requested it, InvalidTransition."""
        wanted = self._require(ApprovalState.REQUESTED, "be approved", provenance)
        if provenance.by.role is not Role.AUDITOR or provenance.by.subject == wanted.by.subject:
            raise Forbidden("Nobody approves what they requested themselves; an auditor approves it.")
        self.record(ApprovalGiven, provenance)

    def refuse(self, reason: Disclosure | None, provenance: Provenance) -> None:
        """Refuse the request, or take an approval back that nobody has used. Raises InvalidTransition."""
        self._require_open("be refused", provenance)
        self.record(ApprovalRefused, provenance, reason=reason)

    def withdraw(self, reason: Disclosure | None, provenance: Provenance) -> None:
        """Take the request back. Raises InvalidTransition."""
        self._require_open("be withdrawn", provenance)
        self.record(ApprovalWithdrawn, provenance, reason=reason)

    def use(self, provenance: Provenance) -> str:
        """Record that the measure was carried out; returns who approved it. Raises InvalidTransition."""
        self._require(ApprovalState.APPROVED, "be carried out", provenance)
        assert self.approved_by is not None
        approved_by = self.approved_by
        self.record(ApprovalUsed, provenance)
        return approved_by

    def _require(self, standing: ApprovalState, command: str, provenance: Provenance) -> ApprovalRequest:
        present = self.standing_at(provenance.at)
        if present is not standing or self.wanted is None:
            raise InvalidTransition(command, str(present or "not made"), "request")
        return self.wanted

    def _require_open(self, command: str, provenance: Provenance) -> None:
        present = self.standing_at(provenance.at)
        if present not in OPEN:
            raise InvalidTransition(command, str(present or "not made"), "request")


class ApprovalOpened(Opening):
    TOPIC = "approval.opened"
    measure: Measure
    target: str

    def _fold(self, approval: Approval) -> None:
        approval.measure, approval.target = self.measure, self.target
        approval.number = f"{self.measure}:{self.target}"


class ApprovalRequested(Recorded):
    TOPIC = "approval.requested"
    since: datetime
    answer_by: datetime
    scope: ErasureScope | None = None

    def _fold(self, approval: Approval) -> None:
        approval.wanted = ApprovalRequest(self.by, self.since, self.answer_by, self.reason, self.scope)
        approval.standing, approval.approved_by = ApprovalState.REQUESTED, None


class ApprovalGiven(Recorded):
    TOPIC = "approval.given"

    def _fold(self, approval: Approval) -> None:
        approval.standing, approval.approved_by = ApprovalState.APPROVED, self.by.subject


class ApprovalRefused(Recorded):
    TOPIC = "approval.refused"

    def _fold(self, approval: Approval) -> None:
        approval.standing = ApprovalState.REFUSED


class ApprovalWithdrawn(Recorded):
    TOPIC = "approval.withdrawn"

    def _fold(self, approval: Approval) -> None:
        approval.standing = ApprovalState.WITHDRAWN


class ApprovalUsed(Recorded):
    TOPIC = "approval.used"

    def _fold(self, approval: Approval) -> None:
        approval.standing = ApprovalState.DONE


EVENTS = register(
    (ApprovalOpened, ApprovalRequested, ApprovalGiven, ApprovalRefused, ApprovalWithdrawn, ApprovalUsed), Approval
)
