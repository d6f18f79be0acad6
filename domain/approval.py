"""Four eyes: one person requests an erasure or a legal hold; an auditor approves it (audit.md, Personal data).

A measure on a case or a person has one stream of successive requests. Each is approved, refused or withdrawn. An approval
that is not used in time expires with its request.
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
    """A measure that needs two people."""

    ERASE = "erase"
    HOLD = "hold"
    RELEASE_HOLD = "release-hold"


class ApprovalState(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DONE = "done"
    EXPIRED = "expired"


OPEN = frozenset({ApprovalState.REQUESTED, ApprovalState.APPROVED})


@dataclass(frozen=True)
class ApprovalRequest:
    """A request for a measure."""

    by: Actor
    since: datetime
    answer_by: datetime
    reason: Disclosure | None
    scope: ErasureScope | None = None
    """The scope of an erasure; None for any other measure."""


def approval_id(measure: Measure, target: str) -> UUID:
    """The stream of a measure on a case or a person."""
    return uuid5(NAMESPACE_URL, f"caseledger:approval:{measure}:{target}")


class Approval(Root):
    """A measure on one case or one person, from request to request. Its number reads like ``hold:INC-0000123``."""

    TOPIC: ClassVar[str] = "approval"

    measure: Measure
    target: str
    """A case's number, or a data subject's id."""

    def begin(self) -> None:
        """Start without a request."""
        self.wanted: ApprovalRequest | None = None
        self.standing: ApprovalState | None = None
        self.approved_by: str | None = None

    @classmethod
    def of(cls, measure: Measure, target: str, provenance: Provenance) -> Self:
        """Open the record of a measure, with no request in it."""
        return cls.open(ApprovalOpened, approval_id(measure, target), provenance, measure=measure, target=target)

    def standing_at(self, at: datetime) -> ApprovalState | None:
        """Where the latest request stands; None without one."""
        expired = self.wanted is not None and self.standing in OPEN and at >= self.wanted.answer_by
        return ApprovalState.EXPIRED if expired else self.standing

    def request(
        self, scope: ErasureScope | None, answer_by: datetime, reason: Disclosure | None, provenance: Provenance
    ) -> None:
        """Request the measure. Raises InvalidTransition while an earlier request is open."""
        if (standing := self.standing_at(provenance.at)) in OPEN:
            raise InvalidTransition(f"The request is {standing}. It cannot be made again yet.")
        self.record(ApprovalRequested, provenance, since=provenance.at, scope=scope, answer_by=answer_by, reason=reason)

    def approve(self, provenance: Provenance) -> None:
        """Approve the request as an auditor. Raises Forbidden for whoever requested it, InvalidTransition."""
        wanted = self._require("be approved", provenance, ApprovalState.REQUESTED)
        if provenance.by.role is not Role.AUDITOR or provenance.by.subject == wanted.by.subject:
            raise Forbidden("Nobody approves what they requested themselves. An auditor approves it.")
        self.record(ApprovalGiven, provenance)

    def refuse(self, reason: Disclosure | None, provenance: Provenance) -> None:
        """Refuse the request, or revoke an unused approval. Raises InvalidTransition."""
        self._require("be refused", provenance, *OPEN)
        self.record(ApprovalRefused, provenance, reason=reason)

    def withdraw(self, reason: Disclosure | None, provenance: Provenance) -> None:
        """Withdraw the request. Raises InvalidTransition."""
        self._require("be withdrawn", provenance, *OPEN)
        self.record(ApprovalWithdrawn, provenance, reason=reason)

    def use(self, provenance: Provenance) -> str:
        """Record that the measure was carried out. Returns the approver. Raises InvalidTransition."""
        self._require("be carried out", provenance, ApprovalState.APPROVED)
        assert self.approved_by is not None
        self.record(ApprovalUsed, provenance)
        return self.approved_by

    def _require(self, command: str, provenance: Provenance, *standings: ApprovalState) -> ApprovalRequest:
        present = self.standing_at(provenance.at)
        if present not in standings or self.wanted is None:
            raise InvalidTransition(f"A request that is {present or 'not made'} cannot {command}.")
        return self.wanted


class ApprovalOpened(Opening):
    """The record of a measure was opened."""

    TOPIC = "approval.opened"
    measure: Measure
    target: str

    def _fold(self, approval: Approval) -> None:
        approval.measure, approval.target = self.measure, self.target
        approval.number = f"{self.measure}:{self.target}"


class ApprovalRequested(Recorded):
    """Somebody requested the measure."""

    TOPIC = "approval.requested"
    since: datetime
    answer_by: datetime
    scope: ErasureScope | None = None

    def _fold(self, approval: Approval) -> None:
        approval.wanted = ApprovalRequest(self.by, self.since, self.answer_by, self.reason, self.scope)
        approval.standing, approval.approved_by = ApprovalState.REQUESTED, None


class ApprovalGiven(Recorded):
    """An auditor approved the request."""

    TOPIC = "approval.given"

    def _fold(self, approval: Approval) -> None:
        approval.standing, approval.approved_by = ApprovalState.APPROVED, self.by.subject


class ApprovalRefused(Recorded):
    """The request was refused, or its approval revoked."""

    TOPIC = "approval.refused"

    def _fold(self, approval: Approval) -> None:
        approval.standing = ApprovalState.REFUSED


class ApprovalWithdrawn(Recorded):
    """The request was withdrawn."""

    TOPIC = "approval.withdrawn"

    def _fold(self, approval: Approval) -> None:
        approval.standing = ApprovalState.WITHDRAWN


class ApprovalUsed(Recorded):
    """The measure was carried out."""

    TOPIC = "approval.used"

    def _fold(self, approval: Approval) -> None:
        approval.standing = ApprovalState.DONE


EVENTS = register(
    (ApprovalOpened, ApprovalRequested, ApprovalGiven, ApprovalRefused, ApprovalWithdrawn, ApprovalUsed), Approval
)
