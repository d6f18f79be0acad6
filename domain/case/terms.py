"""The terms a case is described in: the values its state holds and its events record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.values import Actor, Disclosure, Level


class PendingReason(StrEnum):
    """What an open case waits for; by default only `customer` pauses the clock."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    PROBLEM = "problem"
    EVIDENCE = "evidence"


class ResolutionCode(StrEnum):
    """How a case was resolved (R-5.8e). `not_recorded` is for imported history only."""

    FIXED = "fixed"
    WORKAROUND = "workaround"
    AVERTED = "averted"
    RECLASSIFIED_REQUEST = "reclassified_request"
    NOT_REPRODUCIBLE = "not_reproducible"
    REFERRED = "referred"
    """To another agency's help desk (R-5.3c); given by `refer` only."""
    DUPLICATE = "duplicate"
    """Continued as the first case (R-5.6c); given by `relate` only."""
    NOT_RECORDED = "not_recorded"


class CauseCorrected(StrEnum):
    """Whether the underlying cause was corrected (R-5.8.1a)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    """Of a resolution that carries no cause: referred, duplicate."""
    NOT_RECORDED = "not_recorded"


class LinkKind(StrEnum):
    """What two cases are to each other, seen from the one that keeps the link (R-5.6c)."""

    DUPLICATE_OF = "duplicate_of"
    DUPLICATE = "duplicate"
    RELATED = "related"
    MAJOR = "major"
    """The other one is the major incident that this one belongs to."""
    PART = "part"
    """The other one belongs to this major incident."""


MIRRORED = {
    LinkKind.DUPLICATE_OF: LinkKind.DUPLICATE,
    LinkKind.DUPLICATE: LinkKind.DUPLICATE_OF,
    LinkKind.RELATED: LinkKind.RELATED,
    LinkKind.MAJOR: LinkKind.PART,
    LinkKind.PART: LinkKind.MAJOR,
}


class Major(StrEnum):
    """Where a case stands in the process of major incidents (R-5.7b)."""

    NOMINATED = "nominated"
    DECLARED = "declared"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Consultation:
    """The question to those who work on the first case, and their answer (R-5.6b)."""

    case: str
    technician: str | None
    team: str | None
    asked_at: datetime
    answered_by: str | None = None


@dataclass(frozen=True)
class PendingMark:
    """The mark on a case that waits."""

    reason: PendingReason
    since: datetime


@dataclass(frozen=True)
class LegalHold:
    """A legal hold: nothing that was said in the case may be erased."""

    since: datetime
    approved_by: str


@dataclass(frozen=True)
class Resolution:
    """What resolved a case; the solution's words are a disclosure beside it."""

    code: ResolutionCode
    workaround: bool
    cause_corrected: CauseCorrected
    problem: str | None = None

    @property
    def needs_problem(self) -> bool:
        """`fixed` and `workaround` need a Problem Case unless the cause is corrected (R-5.8.1a)."""
        return self.code in (ResolutionCode.FIXED, ResolutionCode.WORKAROUND) and self.cause_corrected in (
            CauseCorrected.NO,
            CauseCorrected.UNKNOWN,
        )


@dataclass(frozen=True)
class Assumption:
    """What the source's mapping makes of the labels, for a technician to confirm, and the rule that did."""

    impact: Level | None = None
    severity: Level | None = None
    rule: int | None = None
    """Its place in the mapping; None where only the defaults applied."""
    source_version: int | None = None
    """The version of the source, and so of its mapping; None for one that is not registered."""


@dataclass(frozen=True)
class MailedQuestion:
    """A question that was mailed to the customer, and the version that asked it: what that mail is about."""

    question: Disclosure
    version: int


@dataclass(frozen=True)
class Attachment:
    """A file of the case: what it is (name, type, size, sha256) in confidence, who brought it, and who may see it."""

    said: Disclosure
    version: int
    """Of the event that records it."""
    by: Actor
    attached_at: datetime
    visible_to_customer: bool

    @property
    def size(self) -> int:
        """Bytes that are kept of it."""
        return int(self.said.text("size") or 0)


@dataclass(frozen=True)
class CaseMessage:
    """A message of the case: the receipt that holds it as it came, who wrote it, and to whom."""

    message: str
    sender: str
    received_at: datetime
    automatic: bool
    contact: Disclosure | None
    written_to: Disclosure | None
    """The people in To and Cc; None where nobody knows."""


def received_after(received_at: datetime, done_at: datetime) -> bool:
    """Whether words received then can be about what was done at ``done_at`` (R-5.5d, R-5.8a, R-5.9c).

    Both are times of the service's clock or stated against it, never of a mail's Date header. People and mail
    servers tell times to the second, so words of the same second count.
    """
    return received_at >= done_at.replace(microsecond=0)
