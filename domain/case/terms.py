"""The terms of a case: values that its state holds and its events record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.values import Actor, Disclosure, Level


class PendingReason(StrEnum):
    """What an open case waits for. By default only `customer` pauses the clock."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    PROBLEM = "problem"
    EVIDENCE = "evidence"


class ResolutionCode(StrEnum):
    """How a case was resolved (R-5.8e)."""

    FIXED = "fixed"
    WORKAROUND = "workaround"
    AVERTED = "averted"
    RECLASSIFIED_REQUEST = "reclassified_request"
    NOT_REPRODUCIBLE = "not_reproducible"
    REFERRED = "referred"
    """To another agency's help desk (R-5.3c). Only `refer` sets it."""
    DUPLICATE = "duplicate"
    """Continued as the first case (R-5.6c). Only `relate` sets it."""
    NOT_RECORDED = "not_recorded"
    """Of imported history only."""


class CauseCorrected(StrEnum):
    """Whether the underlying cause was corrected (R-5.8.1a)."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    """Of a resolution that carries no cause, such as a referral."""
    NOT_RECORDED = "not_recorded"


class LinkKind(StrEnum):
    """What two cases are to each other, seen from the case that keeps the link (R-5.6c)."""

    DUPLICATE_OF = "duplicate_of"
    DUPLICATE = "duplicate"
    RELATED = "related"
    MAJOR = "major"
    """The other case is the major incident that this case is part of."""
    PART = "part"
    """The other case is part of this major incident."""


MIRRORED = {
    LinkKind.DUPLICATE_OF: LinkKind.DUPLICATE,
    LinkKind.DUPLICATE: LinkKind.DUPLICATE_OF,
    LinkKind.RELATED: LinkKind.RELATED,
    LinkKind.MAJOR: LinkKind.PART,
    LinkKind.PART: LinkKind.MAJOR,
}
"""The kind of a link seen from its other end."""


class Major(StrEnum):
    """Where a case stands in the major incident process (R-5.7b)."""

    NOMINATED = "nominated"
    DECLARED = "declared"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Consultation:
    """A question about the first case to those who work on it, and who answered (R-5.6b)."""

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
    """A legal hold. While it stands, no words of the case are erased."""

    since: datetime
    approved_by: str


@dataclass(frozen=True)
class Resolution:
    """How a case was resolved. The solution's text is a disclosure beside it."""

    code: ResolutionCode
    workaround: bool
    cause_corrected: CauseCorrected
    problem: str | None = None

    @property
    def needs_problem(self) -> bool:
        """Whether a Problem Case must be linked: `fixed` or `workaround`, and the cause remains (R-5.8.1a)."""
        caused = self.code in (ResolutionCode.FIXED, ResolutionCode.WORKAROUND)
        return caused and self.cause_corrected in (CauseCorrected.NO, CauseCorrected.UNKNOWN)


@dataclass(frozen=True)
class Assumption:
    """Impact and severity that a source's mapping derives from its labels, for a technician to confirm."""

    impact: Level | None = None
    severity: Level | None = None
    rule: int | None = None
    """Index of the rule that matched; None where only the defaults applied."""
    source_version: int | None = None
    """Version of the source and of its mapping; None for an unregistered source."""


@dataclass(frozen=True)
class MailedQuestion:
    """A question mailed to the customer."""

    question: Disclosure
    version: int
    """The version of the case that asked it."""


@dataclass(frozen=True)
class Attachment:
    """A file of the case. The disclosure holds its name, type, size and sha256."""

    said: Disclosure
    version: int
    """The version of the case that recorded it."""
    by: Actor
    attached_at: datetime
    visible_to_customer: bool

    @property
    def size(self) -> int:
        """Size in bytes; 0 once erased."""
        return int(self.said.text("size") or 0)


@dataclass(frozen=True)
class CaseMessage:
    """A message of the case."""

    message: str
    """The receipt that holds it as it came."""
    sender: str
    received_at: datetime
    automatic: bool
    """Whether no person wrote it, such as an absence notice."""
    contact: Disclosure | None
    written_to: Disclosure | None
    """The people in To and Cc; None where unknown."""


def received_after(received_at: datetime, done_at: datetime) -> bool:
    """Whether words received then can be about what was done at ``done_at`` (R-5.5d, R-5.8a, R-5.9c).

    Both are times of the service's clock or checked against it, never of a mail's Date header. People and mail
    servers tell times to the second, so words of the same second count.
    """
    return received_at >= done_at.replace(microsecond=0)
